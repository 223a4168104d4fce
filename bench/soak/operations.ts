/** What may be done to a container, and which answers are in order. */
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Answer {
  /** 0 when the daemon was not there, or went away. */
  status: number
  text: string
  /** It came late because the container was paused meanwhile: no fault, but worth a count. */
  paused?: boolean
}

export type Random = () => number

/** A sequence of numbers from 0 to 1 that depends on the seed alone (mulberry32). */
export function random(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 })

/** Closes the idle connections. */
export const disconnect = (): void => agent.destroy()

/** One API call; never rejects. */
export function call(socketPath: string, method: string, path: string, body?: unknown): Promise<Answer> {
  const payload = body === undefined ? '' : JSON.stringify(body)
  const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(payload) }
  return new Promise((resolve) => {
    const outgoing = request({ socketPath, agent, method, path, headers, timeout: 60_000 }, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (part: string) => {
        text = (text + part).slice(0, 1_000_000)
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }))
      answer.on('error', (error) => resolve({ status: 0, text: error.message }))
    })
    outgoing.on('timeout', () => {
      outgoing.destroy()
      resolve({ status: 599, text: 'no answer within a minute' })
    })
    outgoing.on('error', (error) => resolve({ status: 0, text: error.message }))
    outgoing.end(payload)
  })
}

/** What a worker has at hand. */
export interface Bench {
  socket: string
  /** A container's name. */
  name: string
  random: Random
}

type Operation = (bench: Bench) => Promise<Answer>

/** Exit codes that a container of the soak can have by itself; others come from signals. */
export const ownExitCodes = [0, 3, 7]

const pick = <T>(choices: readonly T[], random: Random): T =>
  choices[Math.floor(random() * choices.length)] as T

/** Counts aloud, so that a lost line can be seen, and ends as it was told. */
function createBody(random: Random) {
  const last = pick([5, 50, 500, 1_000_000], random)
  const code = pick(ownExitCodes, random)
  const script = `i=0; while [ $i -lt ${last} ]; do echo $i; i=$((i+1)); [ $((i % 10)) = 0 ] && sleep 0.1; done; exit ${code}`
  const policy = pick(['no', 'no', 'no', 'always', 'on-failure', 'unless-stopped'], random)
  const checked = random() < 0.3
  return {
    Image: 'busybox',
    Cmd: ['sh', '-c', script],
    StopSignal: pick(['SIGTERM', 'SIGKILL', ''], random),
    StopTimeout: 1,
    Tty: random() < 0.1,
    ...(checked && {
      Healthcheck: {
        Test: ['CMD-SHELL', pick(['true', 'false', 'sleep 5'], random)],
        Interval: 3e8,
        Timeout: 5e8,
        Retries: 2,
      },
    }),
    HostConfig: {
      RestartPolicy: { Name: policy, MaximumRetryCount: policy === 'on-failure' ? 2 : 0 },
      AutoRemove: policy === 'no' && random() < 0.2,
      NetworkMode: pick(['bridge', 'bridge', 'none'], random),
      Binds:
        random() < 0.3
          ? ['/scratch', 'soak-shared:/shared']
              .slice(0, 1 + Math.floor(random() * 2))
              .filter((text) => text.includes(':'))
          : [],
      PortBindings: random() < 0.2 ? { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] } : {},
      Init: random() < 0.3,
      ...(checked && { HealthOnFailure: pick(['none', 'kill', 'restart', 'stop'], random) }),
    },
    ...(random() < 0.3 && { Volumes: { '/anonymous': {} } }),
  }
}

async function exec({ socket, name, random }: Bench): Promise<Answer> {
  const command = pick(['true', 'exit 4', 'sleep 0.5', 'sleep 3 & sleep 1', 'yes | head -c 100000'], random)
  const attach = random() < 0.5
  const body = { Cmd: ['sh', '-c', command], AttachStdout: attach }
  const created = await call(socket, 'POST', `/containers/${name}/exec`, body)
  if (created.status !== 201) return created
  const { Id } = JSON.parse(created.text) as { Id: string }
  const started = await call(socket, 'POST', `/exec/${Id}/start`, { Detach: !attach })
  if (started.status === 599) return overdue(socket, name, Id, started)
  const inspected = await call(socket, 'GET', `/exec/${Id}/json`)
  return started.status >= 500 ? started : inspected
}

/** Milliseconds in which an exec ends whose container has just been let go on. */
const thawed = 20_000

/**
 * An exec of a container that is paused has no end; nor has one whose container has only just been let go on. Of any other
 * one it is stuck, and what is known of it helps.
 */
async function overdue(socket: string, name: string, exec: string, started: Answer): Promise<Answer> {
  let states: string[] = []
  for (const deadline = Date.now() + thawed; Date.now() < deadline; await sleep(500)) {
    const container = await call(socket, 'GET', `/containers/${name}/json`)
    const found = await call(socket, 'GET', `/exec/${exec}/json`)
    if (/"Paused":true/.test(container.text)) return { status: 409, text: 'paused', paused: true }
    if (!/"Running":true/.test(found.text)) return { ...found, paused: found.status === 200 }
    states = [/"State":\{.*?\}/.exec(container.text)?.[0] ?? container.text, found.text]
  }
  return { ...started, text: `${started.text}: ${states.join(' ')}` }
}

const post =
  (path: (random: Random) => string, body?: (random: Random) => unknown): Operation =>
  ({ socket, name, random }) =>
    call(socket, 'POST', `/containers/${name}/${path(random)}`, body?.(random))

const get =
  (path: string): Operation =>
  ({ socket, name }) =>
    call(socket, 'GET', `/containers/${name}/${path}`)

/** With how often each is drawn. */
const operations: Record<string, [number, Operation]> = {
  create: [
    20,
    ({ socket, name, random }) => call(socket, 'POST', `/containers/create?name=${name}`, createBody(random)),
  ],
  start: [25, post(() => 'start')],
  stop: [8, post((random) => `stop?t=${pick([0, 1], random)}`)],
  kill: [6, post((random) => `kill?signal=${pick(['KILL', 'TERM', 'INT', 'HUP'], random)}`)],
  restart: [5, post((random) => `restart?t=${pick([0, 1], random)}`)],
  pause: [4, post(() => 'pause')],
  unpause: [6, post(() => 'unpause')],
  rename: [1, post((random) => `rename?name=soak-r${Math.floor(random() * 5)}`)],
  update: [
    3,
    post(
      () => 'update',
      (random) => ({ Memory: pick([64, 128], random) << 20, MemorySwap: -1 }),
    ),
  ],
  exec: [10, exec],
  inspect: [4, get('json')],
  logs: [4, get('logs?stdout=1&stderr=1&tail=100')],
  top: [2, get('top')],
  wait: [3, post(() => 'wait?condition=exited,removed,paused,unhealthy,restarting')],
  list: [2, ({ socket }) => call(socket, 'GET', '/containers/json?all=1')],
  remove: [
    6,
    ({ socket, name, random }) => call(socket, 'DELETE', `/containers/${name}?force=${random() < 0.7}&v=1`),
  ],
  prune: [1, ({ socket }) => call(socket, 'POST', '/containers/prune')],
  archive: [2, get('archive?path=/etc')],
}

const total = Object.values(operations).reduce((sum, [weight]) => sum + weight, 0)

function draw(random: Random): string {
  let left = random() * total
  for (const [name, [weight]] of Object.entries(operations)) {
    left -= weight
    if (left < 0) return name
  }
  return 'list'
}

/** Does one thing; a wait is given up after a while, as clients do. */
export async function operate(bench: Bench): Promise<{ name: string; answer: Answer }> {
  const name = draw(bench.random)
  const [, operation] = operations[name] ?? operations.list ?? []
  if (!operation) throw new Error(`no operation ${name}`)
  const work = operation(bench)
  const answer =
    name === 'wait' ? await Promise.race([work, sleep(2000, { status: 200, text: '' })]) : await work
  return { name, answer }
}
