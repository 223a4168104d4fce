/**
 * Runs the recorded scenarios of Docker's command line with another command line or another engine, and reports each
 * difference.
 *
 *   scripts/node test/golden/cli-replay.ts --cli docker --socket /run/docker.sock [--gantry-cli] [--gantry-engine]
 *     [--fallback docker]
 *     [--data-root DIR] [--exec-root DIR] [--only ID,ID] [--all]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import {
  type Difference,
  describe,
  type Expectations,
  type Pair,
  readExpectations,
  reasonFor,
} from './difference.ts'
import { resetEngine } from './engine-state.ts'
import { type Names, Normalizer } from './normalize.ts'

interface Step {
  cmd: string
  stdout: string
  stderr: string
  exit: number
}

interface Scenario {
  id: string
  title: string
  setup?: string[]
  steps: Step[]
}

export interface ReplayOptions {
  /** The command line under test, as words of a shell: `/usr/bin/docker`. */
  readonly cli: string
  readonly socket: string
  readonly names: Names
  readonly pair: Pair
  /** Another command line, for the commands that the one under test does not have yet. */
  readonly fallback?: { readonly cli: string; readonly commands: readonly string[] }
  /** Only these scenarios. */
  readonly only?: readonly string[]
  /** Told of each scenario when it is done. */
  readonly onScenario?: (id: string, differences: readonly Difference[], skipped?: string) => void
}

export interface ReplayReport {
  readonly ran: number
  readonly skipped: readonly { scenario: string; reason: string }[]
  readonly unexpected: readonly Difference[]
  readonly expected: readonly (Difference & { reason: string })[]
}

/** The recorded scenarios. */
export function scenarios(): Scenario[] {
  const lines = readFileSync(new URL('fixtures/cli.jsonl', import.meta.url), 'utf8')
    .trim()
    .split('\n')
  return lines.map((line) => JSON.parse(line) as Scenario)
}

/** Replays; the engine must hold busybox:latest and loses everything else. */
export async function replay(options: ReplayOptions): Promise<ReplayReport> {
  const expectations = readExpectations('expected-differences.json', options.pair)
  await using workplace = await makeWorkplace(options)
  const skipped: { scenario: string; reason: string }[] = []
  const found: Difference[] = []
  let ran = 0
  for (const scenario of scenarios()) {
    if (options.only && !options.only.includes(scenario.id)) continue
    const skip = expectations.skips.find(({ scenario: id }) => id === scenario.id)
    if (skip) {
      skipped.push({ scenario: scenario.id, reason: skip.reason })
      options.onScenario?.(scenario.id, [], skip.reason)
      continue
    }
    await resetEngine(options.socket)
    const differences = await runScenario(scenario, workplace, options)
    options.onScenario?.(scenario.id, differences)
    found.push(...differences)
    ran++
  }
  await resetEngine(options.socket)
  return { ran, skipped, ...sorted(found, expectations) }
}

function sorted(found: readonly Difference[], expectations: Expectations) {
  const unexpected: Difference[] = []
  const expected: (Difference & { reason: string })[] = []
  for (const difference of found) {
    const reason = reasonFor(difference, expectations)
    if (reason === undefined) unexpected.push(difference)
    else expected.push({ ...difference, reason })
  }
  return { unexpected, expected }
}

interface Workplace extends AsyncDisposable {
  /** Where `docker` leads to the command line under test. */
  readonly path: string
  /** Where scenarios run, each in an empty folder. */
  readonly folder: string
}

async function makeWorkplace({ cli, socket, fallback }: ReplayOptions): Promise<Workplace> {
  const root = await mkdtemp('/tmp/gantry-golden-')
  await mkdir(`${root}/bin`)
  const environment = `PATH='${process.env.PATH}' DOCKER_HOST=unix://${socket}`
  const other = fallback?.commands.length
    ? `case "$1" in\n${fallback.commands.join('|')}) ${environment} exec ${fallback.cli} "$@" ;;\nesac\n`
    : ''
  await writeFile(`${root}/bin/docker`, `#!/bin/sh\n${other}${environment} exec ${cli} "$@"\n`)
  await chmod(`${root}/bin/docker`, 0o755)
  return {
    path: `${root}/bin`,
    folder: root,
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  }
}

/** The recorded commands that Gantry's command line does not have, as first words. */
export function missingCommands(): string[] {
  const tree = JSON.parse(
    readFileSync(new URL('../../packages/cli/generated/tree.json', import.meta.url), 'utf8'),
  ) as { commands: { paths: string[] }[] }
  const known = new Set(tree.commands.flatMap(({ paths }) => paths.map((path) => path.split(' ')[0])))
  const later =
    'build builder buildx commit context cp diff export login logout manifest node plugin pull push search'
  const cluster = 'config secret service stack stats swarm trust update'
  return `${later} ${cluster}`.split(' ').filter((name) => !known.has(name))
}

async function runScenario(
  scenario: Scenario,
  workplace: Workplace,
  { names, socket }: ReplayOptions,
): Promise<Difference[]> {
  const folder = `${workplace.folder}/case`
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder)
  const home = `${workplace.folder}/home`
  await rm(home, { recursive: true, force: true })
  await mkdir(home)
  const run = (command: string) => runCommand(command, { folder, home, path: workplace.path })
  for (const command of scenario.setup ?? []) await run(command)
  const wanted = new Normalizer()
  const paths = {
    [folder]: '/srv/case',
    [home]: '/home/user',
    [`unix://${socket}`]: 'unix:///var/run/docker.sock',
  }
  const got = new Normalizer({ ...names, paths: { ...paths, ...names.paths } })
  const differences: Difference[] = []
  for (const [index, step] of scenario.steps.entries()) {
    const result = await run(step.cmd)
    const compare = (part: string, expected: string, actual: string) => {
      if (expected !== actual) {
        differences.push({ scenario: scenario.id, step: index, command: step.cmd, part, expected, actual })
      }
    }
    compare('stdout', wanted.text(step.stdout), got.text(result.stdout))
    compare('stderr', wanted.text(step.stderr), got.text(result.stderr))
    compare('exit', String(step.exit), String(result.exit))
  }
  return differences
}

/** Runs a command by bash in the conditions of the recording. */
async function runCommand(
  command: string,
  { folder, home, path }: { folder: string; home: string; path: string },
) {
  const child = spawn('bash', ['-c', command], {
    cwd: folder,
    env: {
      PATH: `${path}:${process.env.PATH}`,
      HOME: home,
      DOCKER_BUILDKIT: '0',
      TZ: 'UTC',
      TERM: 'dumb',
      LANG: 'C.UTF-8',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
    killSignal: 'SIGKILL',
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { stdout, stderr, exit: code ?? -1 }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      cli: { type: 'string', default: 'docker' },
      socket: { type: 'string', default: '/var/run/docker.sock' },
      'data-root': { type: 'string' },
      'exec-root': { type: 'string' },
      fallback: { type: 'string' },
      'gantry-cli': { type: 'boolean', default: false },
      'gantry-engine': { type: 'boolean', default: false },
      only: { type: 'string' },
      all: { type: 'boolean', default: false },
    },
  })
  const report = await replay({
    cli: values.cli,
    socket: values.socket,
    names: {
      paths: {
        ...(values['data-root'] && { [values['data-root']]: '/var/lib/docker' }),
        ...(values['exec-root'] && { [values['exec-root']]: '/var/run/docker' }),
      },
      ...(values['gantry-cli'] && { program: 'gantry' }),
    },
    pair: { cli: values['gantry-cli'], engine: values['gantry-engine'] },
    ...(values.fallback && { fallback: { cli: values.fallback, commands: missingCommands() } }),
    ...(values.only && { only: values.only.split(',') }),
    onScenario: (id, differences, skipped) =>
      process.stderr.write(`${skipped ? 'skip' : differences.length === 0 ? 'same' : 'DIFF'} ${id}\n`),
  })
  for (const difference of report.unexpected) console.log(`${describe(difference)}\n`)
  if (values.all)
    for (const { reason, ...difference } of report.expected)
      console.log(`${describe(difference)}\n  (${reason})\n`)
  for (const { scenario, reason } of report.skipped) console.log(`skipped ${scenario}: ${reason}`)
  console.log(
    `${report.ran} scenarios, ${report.unexpected.length} differences, ${report.expected.length} expected ones`,
  )
  process.exitCode = report.unexpected.length > 0 ? 1 : 0
}

if (import.meta.main) await main()
