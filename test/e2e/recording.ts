/** Tells the recorder in the daemons (test/compatibility) which test is running. Does nothing when none is wanted. */
import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { beforeEach, type TestContext } from 'node:test'

const root = new URL('../..', import.meta.url).pathname
const directory = process.env.GANTRY_API_RECORD
const current = `${directory}/test-${process.pid}`

if (directory)
  beforeEach((context) => {
    const { fullName } = context as TestContext
    writeFileSync(current, `${relative(root, process.argv[1] ?? '')} › ${fullName.replaceAll(' > ', ' › ')}`)
  })

/** How many tests of a suite may run beside each other: one where it is told which test is running. */
export const atOnce = (count: number): number => (directory ? 1 : count)

/** What follows is clean-up and belongs to no test. */
export function endOfTest(): void {
  if (directory) writeFileSync(current, '')
}

/** What a daemon's environment needs beside the test's own. */
export const recorderEnvironment = (): Record<string, string> =>
  directory ? { GANTRY_API_RECORD_TEST: current, NODE_OPTIONS: process.env.GANTRY_DAEMON_OPTIONS ?? '' } : {}
