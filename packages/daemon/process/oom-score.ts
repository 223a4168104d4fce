import { writeFile } from 'node:fs/promises'
import { GantryError, messageOf } from '@gantry/errors'

/**
 * How readily the kernel ends this process when memory is short, from -1000 (never) to 1000 (first). Containers have a
 * value of their own. Rejects with Forbidden where the kernel does not allow it: to lower it takes CAP_SYS_RESOURCE.
 */
export async function adjustOomScore(score: number | undefined): Promise<void> {
  if (score === undefined) return
  try {
    await writeFile('/proc/self/oom_score_adj', String(score))
  } catch (cause) {
    const message = `failed to set the daemon's oom_score_adj to ${score}: ${messageOf(cause)}`
    throw new GantryError('Forbidden', message, { cause })
  }
}
