/** Few descriptors, to see that who finds none left leaves none open. */
import assert from 'node:assert/strict'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { limitOpenFiles } from '@gantry/syscall'

/** Enough for what a test has open already. */
const most = 256

/** Runs `work` for each number of descriptors below `end` that may still be opened; asserts that it leaves as many. */
export async function withFewDescriptors(
  end: number,
  work: (left: number) => void | Promise<void>,
): Promise<void> {
  const [, soft = '', hard = ''] =
    /^Max open files +(\d+) +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
  limitOpenFiles(process.pid, { soft: most, hard: BigInt(hard) })
  let taken = takeAll()
  try {
    for (let left = 0; left < end; left++) {
      for (const descriptor of taken.splice(0, left)) closeSync(descriptor)
      await work(left)
      await nextTurn() // sockets are closed at the end of one
      const again = takeAll()
      taken = [...taken, ...again]
      assert.equal(again.length, left)
    }
  } finally {
    for (const descriptor of taken) closeSync(descriptor)
    limitOpenFiles(process.pid, { soft: BigInt(soft), hard: BigInt(hard) })
  }
}

function takeAll(): number[] {
  const taken: number[] = []
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'))
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'EMFILE')
    return taken
  }
}
