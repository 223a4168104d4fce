/**
 * Runs every test file (or those given), then checks that nothing was left behind on the machine: no mount, link,
 * nftables table, cgroup, process or directory that was not there before. A few files that fail are run once more,
 * alone: what passes then is named as unsteady, since a limit that a busy machine breaks says little of the product.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { glob, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { leftovers, snapshot } from './leftovers.ts'

const root = new URL('..', import.meta.url).pathname

/** More than these are no accident. */
const mostTriedAgain = 4
/** Of one test, in milliseconds. */
const testLimit = 400_000
/** Of all of them, in milliseconds: what hangs then is ended and named. */
const limit = 50 * 60_000
/** For what the last test let go, in milliseconds. */
const settling = 10_000

async function testFiles(): Promise<string[]> {
  const files: string[] = []
  for await (const file of glob(['{packages,scripts,test}/**/*.test.ts'], {
    cwd: root,
    exclude: (path) => path.includes('node_modules'),
  }))
    files.push(file)
  return files.sort()
}

/**
 * Runs the files, so many at a time. Resolves with the runner's exit code and the files that failed. A test that is over
 * its limit may go on for ever, so its file is not waited for.
 */
async function runFiles(
  files: string[],
  concurrency: number,
): Promise<{ code: number | null; failed: string[] }> {
  await using directory = await temporaryDirectory()
  const list = join(directory.path, 'failed')
  const reporters = [
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${join(root, 'test/failed-files.ts')}`,
    `--test-reporter-destination=${list}`,
  ]
  const limits = [`--test-timeout=${testLimit}`, '--test-force-exit']
  const whole = `--import=${new URL('blocking-output.ts', import.meta.url)}`
  const options = ['--test', whole, `--test-concurrency=${concurrency}`, ...limits, ...reporters]
  const tests = spawn(process.execPath, [...options, ...files], {
    cwd: root,
    stdio: 'inherit',
    detached: true,
  })
  const code = await ended(tests)
  const failed = (await readFile(list, 'utf8').catch(() => '')).split('\n').filter((file) => file !== '')
  return { code, failed: failed.map((file) => relative(root, file)) }
}

/** The exit code of a process group's first process; after the limit, or when this process is to end, the group is ended. */
async function ended(leader: ChildProcess): Promise<number | null> {
  const end = () => leader.pid && process.kill(-leader.pid, 'SIGTERM')
  const tooLong = globalThis.setTimeout(() => {
    console.error(`\nNot done after ${limit / 60_000} minutes: ended.`)
    end()
  }, limit)
  process.on('SIGINT', end).on('SIGTERM', end)
  const [code] = (await once(leader, 'exit')) as [number | null]
  process.off('SIGINT', end).off('SIGTERM', end)
  clearTimeout(tooLong)
  return code
}

async function temporaryDirectory(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'gantry-tests-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** What was not there before; what is on its way out (a process that was told to end) gets a while for it. */
async function leftBehind(): Promise<string[]> {
  const end = Date.now() + settling
  for (;;) {
    const left = leftovers(before, await snapshot())
    if (left.length === 0 || Date.now() > end) return left
    await setTimeout(500)
  }
}

const before = await snapshot()
const files = process.argv.length > 2 ? process.argv.slice(2) : await testFiles()
let { code, failed } = await runFiles(files, 4)
if (code !== 0 && failed.length > 0 && failed.length <= mostTriedAgain) {
  console.error(`\nOnce more, alone: ${failed.join(' ')}\n`)
  const suspects = failed
  ;({ code, failed } = await runFiles(suspects, 1))
  const unsteady = suspects.filter((file) => !failed.includes(file))
  if (unsteady.length > 0) console.error(`\nUnsteady (passed when run alone): ${unsteady.join(' ')}`)
}

const left = await leftBehind()
if (left.length > 0)
  console.error(`\nLeft behind by the tests:\n${left.map((line) => `  ${line}`).join('\n')}`)
process.exitCode = code !== 0 || left.length > 0 ? 1 : 0
