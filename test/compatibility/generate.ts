/**
 * `npm run compatibility`: runs the end-to-end tests and the recorded sessions with a recorder in each daemon, and
 * writes the tables at the end of docs/compatibility.md from what they asked and got.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { glob, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import type { Observation } from './observation.ts'
import { render, report } from './page.ts'
import { endpoints } from './reference.ts'

const root = new URL('../..', import.meta.url).pathname
const page = `${root}docs/compatibility.md`
const marker = '## Every endpoint and field, with its test\n'
const introduction = `
Made by \`npm run compatibility\` from what the tests ask the daemon and what it answers; only the reasons are typed by hand.
\`query\` is a parameter of the URL, \`body\` a field of the request and \`answer\` one that came back with something in it.
Of several tests the one that says the least besides is named. *none*: no test uses it, and why; **none**: no test, and no reason.
`

async function runTests(directory: string): Promise<void> {
  const files: string[] = []
  for await (const file of glob(['test/e2e/**/*.test.ts', 'test/golden/**/*.test.ts'], { cwd: root }))
    files.push(file)
  const recorder = `${root}test/compatibility/record.ts`
  const tests = spawn(
    process.execPath,
    ['--test', '--test-concurrency=4', '--test-reporter=dot', ...files.sort()],
    {
      cwd: root,
      stdio: 'inherit',
      env: {
        ...process.env,
        GANTRY_API_RECORD: directory,
        GANTRY_DAEMON_OPTIONS: `--import=${recorder}`,
      },
    },
  )
  await once(tests, 'exit')
}

async function observations(directory: string): Promise<Observation[]> {
  const all: Observation[] = []
  for await (const file of glob('daemon-*.jsonl', { cwd: directory })) {
    const lines = (await readFile(`${directory}/${file}`, 'utf8')).trim().split('\n')
    all.push(...lines.map((line): Observation => JSON.parse(line)))
  }
  return all
}

const directory = await mkdtemp(`${tmpdir()}/gantry-compatibility-`)
try {
  await runTests(directory)
  const reports = report(endpoints(), await observations(directory))
  const [written = ''] = (await readFile(page, 'utf8')).split(marker)
  await writeFile(page, `${written}${marker}${introduction}\n${render(reports)}\n`)
  await once(spawn('npx', ['biome', 'format', '--write', page], { cwd: root, stdio: 'inherit' }), 'exit')
  const rows = reports.flatMap((item) => item.rows)
  console.log(
    `${rows.filter(({ test }) => test).length} of ${rows.length} endpoints and fields have a test: ${page}`,
  )
} finally {
  await rm(directory, { recursive: true, force: true })
}
