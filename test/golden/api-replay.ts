/**
 * Sends the recorded requests to another engine and reports each answer that differs.
 *
 *   scripts/node test/golden/api-replay.ts --socket /run/docker.sock [--gantry-engine] [--data-root DIR] [--all]
 *
 * Docker's command line makes the objects that the requests are about, as it did for the recording.
 */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs, promisify } from 'node:util'
import { messageOf } from '@gantry/errors'
import { busyboxRootfs } from '../e2e/images.ts'
import {
  type Difference,
  type ExpectedDifference,
  expectationFor,
  type Pair,
  readExpectations,
} from './difference.ts'
import { bridgeAddresses, exchange, resetEngine } from './engine-state.ts'
import { type Bindings, differences } from './match-json.ts'

export interface Exchange {
  id: string
  method: string
  path: string
  status: number
  headers: Record<string, string>
  request_body?: unknown
  body?: unknown
  body_stream?: unknown[]
  body_text?: string
}

export interface ApiReplayOptions {
  readonly socket: string
  /** Texts to replace, and what stood for them in the recording. */
  readonly paths: Readonly<Record<string, string>>
  readonly pair: Pair
}

export interface ApiOutcome {
  readonly skipped?: string
  /** Places in the answer that differ. */
  readonly differences: readonly string[]
  readonly expectation?: ExpectedDifference
}

/** The recorded exchanges. */
export function exchanges(): Exchange[] {
  const lines = readFileSync(new URL('fixtures/api.jsonl', import.meta.url), 'utf8')
    .trim()
    .split('\n')
  return lines.map((text) => JSON.parse(text) as Exchange)
}

/** What there was before the first request. Engines that cannot commit get an image of the same name another way. */
const setup = `
docker network create --subnet 10.191.0.0/24 --label k=v spec-net
docker volume create --label k=v spec-v
docker run -d --name spec-run --network spec-net -p 18983:80 -v spec-v:/v --label role=web -e A=1 -m 64m busybox sleep 600
docker create --name spec-new busybox true
docker run --name spec-exit busybox sh -c 'echo out; echo err >&2; exit 3'
docker tag busybox spec-img:1
docker run --name spec-c busybox touch /z
docker commit -a Ann -m msg -c 'CMD ["cat"]' -c 'EXPOSE 80' spec-c spec-img:2 ||
  docker import -m msg -c 'CMD ["cat"]' -c 'EXPOSE 80' "$ROOTFS" spec-img:2
docker rm spec-c
`

/** What came before the errors. */
const errorSetup = `
docker run --name spec-o busybox touch /o
docker commit spec-o spec-one:1 || docker import -c 'ENV X=1' "$ROOTFS" spec-one:1
docker rm spec-o
docker run -d --name spec-f spec-one:1 sleep 600
docker create --name spec-e busybox true
`

/** Sends the requests in order, for they build on one another. */
export class ApiReplay implements AsyncDisposable {
  readonly #options: ApiReplayOptions
  readonly #folder: string
  readonly #bindings: Bindings = new Map()
  readonly #started = Math.floor(Date.now() / 1000)

  constructor(options: ApiReplayOptions, folder: string) {
    this.#options = options
    this.#folder = folder
  }

  static async open(options: ApiReplayOptions): Promise<ApiReplay> {
    await resetEngine(options.socket)
    const folder = await mkdtemp('/tmp/gantry-golden-')
    await writeFile(`${folder}/rootfs.tar`, await busyboxRootfs())
    const paths = { [await bridgeAddresses(options.socket)]: '172.17.0.', ...options.paths }
    const replay = new ApiReplay({ ...options, paths }, folder)
    await replay.#prepare(setup)
    return replay
  }

  async #prepare(script: string): Promise<void> {
    const env = {
      ...process.env,
      DOCKER_HOST: `unix://${this.#options.socket}`,
      DOCKER_CONFIG: this.#folder,
      ROOTFS: `${this.#folder}/rootfs.tar`,
    }
    await promisify(execFile)('bash', ['--norc', '-c', script], { env, timeout: 120_000 })
  }

  async run(recorded: Exchange): Promise<ApiOutcome> {
    const expectations = readExpectations('expected-api-differences.json', this.#options.pair)
    if (recorded.id === 'error-01') await this.#prepare(errorSetup)
    const skip = expectations.skips.find(({ scenario }) => scenario === recorded.id)
    if (skip) return { skipped: skip.reason, differences: [] }
    // The command of the exec before it ends by itself.
    if (recorded.id === 'exec-inspect-done') await this.#execEnded(recorded)
    const found = await this.#compare(recorded).catch((error: unknown) => [messageOf(error)])
    if (found.length === 0) return { differences: [] }
    const difference: Difference = {
      scenario: recorded.id,
      step: 0,
      command: `${recorded.method} ${recorded.path}`,
      part: 'answer',
      expected: '',
      actual: found.join('\n'),
    }
    const expectation = expectationFor(difference, expectations)
    return { differences: found, ...(expectation && { expectation }) }
  }

  async #execEnded({ method, path }: Exchange): Promise<void> {
    for (let tries = 0; tries < 600; tries++) {
      const { text } = await exchange(this.#options.socket, method, this.#path(path))
      if (text.includes('"Running":false')) return
      await sleep(100)
    }
  }

  async #compare(recorded: Exchange): Promise<string[]> {
    const { request_body: body, method } = recorded
    const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
    const answer = await exchange(this.#options.socket, method, this.#path(recorded.path), text, {
      ...(body !== undefined && {
        'Content-Type': /\/(?:build|archive)/.test(recorded.path) ? 'application/x-tar' : 'application/json',
      }),
    })
    const found: string[] = []
    if (answer.status !== recorded.status) found.push(`status: ${recorded.status} -> ${answer.status}`)
    const type = recorded.headers['Content-Type']
    if (type !== undefined && type !== answer.headers['content-type']) {
      found.push(`Content-Type: ${type} -> ${answer.headers['content-type'] ?? 'missing'}`)
    }
    const match = (expected: unknown, actual: unknown) =>
      differences(expected, actual, { bindings: this.#bindings, paths: this.#options.paths })
    if (recorded.body_text !== undefined) found.push(...match(recorded.body_text, answer.text))
    if (recorded.body_stream)
      found.push(...match(recorded.body_stream, jsonLines(answer.text).slice(-recorded.body_stream.length)))
    if (recorded.body !== undefined) found.push(...match(recorded.body, json(answer.text)))
    return found
  }

  /** The path with ids and times of this run. */
  #path(recorded: string): string {
    const times = [String(this.#started), String(Math.floor(Date.now() / 1000) + 1)]
    return recorded
      .replace(/<(ID\d+)_*>/g, (_, name: string) => this.#bindings.get(name) ?? name)
      .replace(/<UNIX_*>/g, () => times.shift() ?? '')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await resetEngine(this.#options.socket)
    await rm(this.#folder, { recursive: true, force: true })
  }
}

/** JSON if it is, the text otherwise. */
function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const jsonLines = (text: string): unknown[] => text.split('\n').filter(Boolean).map(json)

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      socket: { type: 'string', default: '/var/run/docker.sock' },
      'data-root': { type: 'string' },
      'exec-root': { type: 'string' },
      'gantry-engine': { type: 'boolean', default: false },
      all: { type: 'boolean', default: false },
    },
  })
  await using replay = await ApiReplay.open({
    socket: values.socket,
    paths: {
      ...(values['data-root'] && { [values['data-root']]: '/var/lib/docker' }),
      ...(values['exec-root'] && { [values['exec-root']]: '/var/run/docker' }),
    },
    pair: { cli: false, engine: values['gantry-engine'] },
  })
  const counts = { same: 0, unexpected: 0, open: 0, meant: 0, skipped: 0 }
  for (const recorded of exchanges()) {
    const { skipped, differences: found, expectation } = await replay.run(recorded)
    const kind = skipped
      ? 'skipped'
      : found.length === 0
        ? 'same'
        : !expectation
          ? 'unexpected'
          : expectation.open
            ? 'open'
            : 'meant'
    counts[kind]++
    if (kind !== 'unexpected' && !(values.all && found.length > 0)) continue
    console.log(
      `${recorded.id} ${recorded.method} ${recorded.path}${expectation ? ` (${expectation.reason})` : ''}`,
    )
    for (const place of found) console.log(`  ${place.slice(0, 300)}`)
  }
  console.log(
    Object.entries(counts)
      .map(([kind, count]) => `${count} ${kind}`)
      .join(', '),
  )
  process.exitCode = counts.unexpected > 0 ? 1 : 0
}

if (import.meta.main) await main()
