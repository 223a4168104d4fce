/**
 * Runs every test file (or those given), then checks that nothing was left behind on the machine: no mount, link,
 * nftables table, cgroup, process or directory that was not there before.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { glob } from 'node:fs/promises'
import { leftovers, snapshot } from './leftovers.ts'

const root = new URL('..', import.meta.url).pathname

async function testFiles(): Promise<string[]> {
  const files: string[] = []
  for await (const file of glob(['packages/**/*.test.ts', 'test/**/*.test.ts'], {
    cwd: root,
    exclude: (path) => path.includes('node_modules'),
  }))
    files.push(file)
  return files.sort()
}

const before = await snapshot()
const files = process.argv.length > 2 ? process.argv.slice(2) : await testFiles()
const options = ['--test', '--test-concurrency=4', '--test-timeout=180000', '--test-reporter=spec']
const tests = spawn(process.execPath, [...options, ...files], { cwd: root, stdio: 'inherit' })
const [code] = (await once(tests, 'exit')) as [number | null]

const left = leftovers(before, await snapshot())
if (left.length > 0)
  console.error(`\nLeft behind by the tests:\n${left.map((line) => `  ${line}`).join('\n')}`)
process.exitCode = code !== 0 || left.length > 0 ? 1 : 0
