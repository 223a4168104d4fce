/** The freezer of cgroup v1: asking until the kernel has done it. */
import { setTimeout as sleep } from 'node:timers/promises'

/** The file `freezer.state` of a group. */
export interface FreezerState {
  write(state: 'FROZEN' | 'THAWED'): Promise<void>
  read(): Promise<string>
}

const mostAttempts = 1000
/** A group that is FREEZING for so many attempts is let go for a moment. */
const patience = 50

/**
 * Stops every process of a group or lets them go on. Resolves with whether the kernel has done so; a group that it
 * cannot stop runs on.
 *
 * A group that forks while it is being frozen stays FREEZING until the state is written again. One that execs or ends a
 * thread meanwhile may wait for threads that are frozen already, and for ever: those have to go on first.
 */
export async function setFreezer(
  state: FreezerState,
  frozen: boolean,
  attempts = mostAttempts,
): Promise<boolean> {
  const wanted = frozen ? 'FROZEN' : 'THAWED'
  for (let attempt = 1; attempt <= attempts; attempt++) {
    await state.write(wanted)
    if ((await state.read()).trim() === wanted) return true
    if (frozen && attempt % patience === 0) await state.write('THAWED')
    await sleep(Math.min(attempt / 10, 20))
  }
  if (frozen) await state.write('THAWED')
  return false
}
