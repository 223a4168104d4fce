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
  type ExpectedDifference,
  expectationFor,
  type Pair,
  readExpectations,
} from './difference.ts'
import { bridgeAddresses, resetEngine } from './engine-state.ts'
import { type Names, Normalizer } from './normalize.ts'

interface Step {
  cmd: string
  stdout: string
  stderr: string
  exit: number
}

export interface Scenario {
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
}

/** How a scenario went. */
export interface Outcome {
  /** Why it was not run. */
  readonly skipped?: string
  readonly unexpected: readonly Difference[]
  readonly expected: readonly (Difference & { expectation: ExpectedDifference })[]
}

/** The recorded scenarios. */
export function scenarios(): Scenario[] {
  const lines = readFileSync(new URL('fixtures/cli.jsonl', import.meta.url), 'utf8')
    .trim()
    .split('\n')
  return lines.map((line) => JSON.parse(line) as Scenario)
}

/** Runs scenarios one after another. The engine must hold busybox:latest and loses everything else. */
export class Replay implements AsyncDisposable {
  readonly #options: ReplayOptions
  readonly #expectations: Expectations
  readonly #workplace: Workplace

  constructor(options: ReplayOptions, workplace: Workplace) {
    this.#options = options
    this.#workplace = workplace
    this.#expectations = readExpectations('expected-differences.json', options.pair)
  }

  static async open(options: ReplayOptions): Promise<Replay> {
    const paths = { [await bridgeAddresses(options.socket)]: '172.17.0.', ...options.names.paths }
    return new Replay({ ...options, names: { ...options.names, paths } }, await makeWorkplace(options))
  }

  async run(scenario: Scenario): Promise<Outcome> {
    const skip = this.#expectations.skips.find(({ scenario: id }) => id === scenario.id)
    if (skip) return { skipped: skip.reason, unexpected: [], expected: [] }
    await resetEngine(this.#options.socket)
    const unexpected: Difference[] = []
    const expected: (Difference & { expectation: ExpectedDifference })[] = []
    for (const difference of await runScenario(scenario, this.#workplace, this.#options)) {
      const expectation = expectationFor(difference, this.#expectations)
      if (expectation) expected.push({ ...difference, expectation })
      else unexpected.push(difference)
    }
    return { unexpected, expected }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await resetEngine(this.#options.socket)
    await this.#workplace[Symbol.asyncDispose]()
  }
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

/** Commands that were recorded with the classic builder, which only Docker's command line speaks to. */
export const classicCommands: readonly string[] = ['build']

/** The recorded commands that Gantry's command line does not have, as first words. */
export function missingCommands(): string[] {
  const tree = JSON.parse(
    readFileSync(new URL('../../packages/cli/generated/tree.json', import.meta.url), 'utf8'),
  ) as { commands: Record<string, string> }
  const paths = Object.keys(tree.commands).flatMap((names) => names.split(','))
  const known = new Set(paths.map((path) => path.split(' ')[0]))
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
  const child = spawn('bash', ['--norc', '-c', command], {
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
    detached: true,
  })
  // What it started goes with it: the pipes would stay open.
  const tooLong = setTimeout(() => child.pid && process.kill(-child.pid, 'SIGKILL'), 120_000)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const [code] = (await once(child, 'close')) as [number | null]
  clearTimeout(tooLong)
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
  await using replay = await Replay.open({
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
  })
  const only = values.only?.split(',')
  const counts = { ran: 0, skipped: 0, unexpected: 0, expected: 0, open: 0 }
  for (const scenario of scenarios()) {
    if (only && !only.includes(scenario.id)) continue
    const { skipped, unexpected, expected } = await replay.run(scenario)
    const open = expected.filter(({ expectation }) => expectation.open)
    console.log(
      `${skipped ? 'skip' : unexpected.length > 0 ? 'DIFF' : open.length > 0 ? 'open' : 'same'} ${scenario.id} ${skipped ?? ''}`,
    )
    for (const difference of unexpected) console.log(`\n${describe(difference)}\n`)
    for (const difference of values.all ? expected : []) {
      console.log(`\n${describe(difference)}\n  (${difference.expectation.reason})\n`)
    }
    counts.ran += skipped ? 0 : 1
    counts.skipped += skipped ? 1 : 0
    counts.unexpected += unexpected.length
    counts.expected += expected.length - open.length
    counts.open += open.length
  }
  const { ran, skipped, unexpected, expected, open } = counts
  console.log(
    `${ran} scenarios run, ${skipped} skipped; differences: ${unexpected} unexpected, ${open} open, ${expected} meant`,
  )
  process.exitCode = unexpected > 0 ? 1 : 0
}

if (import.meta.main) await main()
