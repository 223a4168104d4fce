/** A random mix of operations on a daemon that is killed now and then; reports what went wrong and what is left over. */

import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startDaemon, type TestDaemon } from '../../test/e2e/harness.ts'
import { type Answer, call, disconnect, operate, ownExitCodes, random } from './operations.ts'
import { remains, weight } from './remains.ts'

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    names: { type: 'string', default: '40' },
    workers: { type: 'string', default: '8' },
    /** Seconds between two deaths of the daemon, on average; 0 for none. */
    'kill-every': { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
  },
})

/** Statuses that answer a request which came at the wrong time; an unpause then gets 500, as from Docker. */
const inOrder = [200, 201, 204, 304, 400, 404, 409, 503]

interface Count {
  done: number
  refused: number
  interrupted: number
}

class Report {
  readonly counts = new Map<string, Count>()
  readonly problems = new Map<string, number>()
  /** Answers that did not come because a container was paused. */
  paused = 0

  add(name: string, { status, text, paused }: Answer): void {
    if (paused) this.paused++
    const count = this.counts.get(name) ?? { done: 0, refused: 0, interrupted: 0 }
    this.counts.set(name, count)
    if (status === 0 || status === 503) count.interrupted++
    else if (status < 300) count.done++
    else count.refused++
    if (status !== 0 && !inOrder.includes(status) && !/is not paused/.test(text))
      this.problem(`${name}: ${status} ${text.trim()}`)
  }

  /** Ids make each message look like another. */
  problem(text: string): void {
    const general = text
      .replaceAll(/[0-9a-f]{12,64}/g, '<id>')
      .replaceAll(/soak-\w+/g, '<name>')
      .slice(0, 400)
    this.problems.set(general, (this.problems.get(general) ?? 0) + 1)
  }

  print(): void {
    for (const [name, { done, refused, interrupted }] of [...this.counts].sort()) {
      console.log(`${name.padEnd(10)} ${done} done, ${refused} refused, ${interrupted} interrupted`)
    }
    console.log(`${this.paused} execs without an answer within a minute, of containers that were paused`)
    for (const [text, count] of this.problems) console.log(`PROBLEM ${count}x ${text}`)
  }
}

async function work(daemon: TestDaemon, worker: number, deadline: number, report: Report): Promise<void> {
  const draw = random(Number(options.seed) * 1000 + worker)
  while (Date.now() < deadline) {
    const name = `soak-${Math.floor(draw() * Number(options.names))}`
    const { name: operation, answer } = await operate({ socket: daemon.socket, name, random: draw })
    report.add(operation, answer)
    if (answer.status === 0) await sleep(100)
  }
}

/** Kills the daemon at random moments and starts it again; now and then it may end in good order. */
async function killer(daemon: TestDaemon, deadline: number): Promise<number> {
  const average = Number(options['kill-every']) * 1000
  let deaths = 0
  while (average > 0) {
    const pause = Math.random() * 2 * average
    if (Date.now() + pause > deadline) break
    await sleep(pause)
    await (Math.random() < 0.85 ? daemon.kill9() : daemon.stop())
    await daemon.start()
    deaths++
  }
  return deaths
}

interface Inspected {
  Id: string
  Name: string
  State: { Status: string; ExitCode: number; Pid: number; Error: string; StartedAt: string }
  HostConfig: { RestartPolicy: { Name: string } }
  Config: { Tty: boolean }
}

/** Everything that can be judged of the containers as they are: exit codes, logs, states. */
async function judge({ socket }: TestDaemon, report: Report): Promise<void> {
  const list = await call(socket, 'GET', '/containers/json?all=1')
  for (const { Id } of JSON.parse(list.text) as { Id: string }[]) {
    const { status, text } = await call(socket, 'GET', `/containers/${Id}/json`)
    if (status === 404) continue
    const container = JSON.parse(text) as Inspected
    judgeState(container, report)
    if (!container.Config.Tty) await judgeLog(socket, Id, report)
  }
}

function judgeState({ State: state, Id }: Inspected, report: Report): void {
  if (['removing', 'dead'].includes(state.Status))
    report.problem(`${Id} is stuck: ${state.Status} ${state.Error}`)
  // 128 plus a signal that was sent, or the start that failed because the daemon died.
  const known = [...ownExitCodes, 128 + 1, 128 + 2, 128 + 9, 128 + 15, 128]
  if (state.Status === 'exited' && !known.includes(state.ExitCode)) {
    report.problem(`${Id} ended with ${state.ExitCode} ${state.Error}`)
  }
}

/** Each run counts from 0 on: a number that does not follow the one before it is a lost line. */
async function judgeLog(socket: string, id: string, report: Report): Promise<void> {
  const { text } = await call(socket, 'GET', `/containers/${id}/logs?stdout=1&tail=2000`)
  const numbers = text
    .split('\n')
    .map((line) => line.slice(8))
    .filter((line) => /^\d+$/.test(line))
    .map(Number)
  numbers.forEach((number, index) => {
    const before = numbers[index - 1]
    if (before !== undefined && number !== before + 1 && number !== 0) {
      report.problem(`${id}: line ${number} after ${before}`)
    }
  })
}

/** A removal may be refused while another is under way; what cannot be removed within a minute is stuck. */
async function removeAll({ socket }: TestDaemon, report: Report): Promise<void> {
  const deadline = Date.now() + 60_000
  for (;;) {
    const list = await call(socket, 'GET', '/containers/json?all=1')
    const found = JSON.parse(list.text) as { Id: string; State: string }[]
    if (found.length === 0) break
    const removed = await Promise.all(
      found.map(({ Id }) => call(socket, 'DELETE', `/containers/${Id}?force=1&v=1`)),
    )
    for (const answer of removed) if (![204, 404, 409].includes(answer.status)) report.add('last', answer)
    if (Date.now() < deadline) continue
    found.forEach(({ Id, State }, index) => {
      report.problem(`${Id} cannot be removed: ${State} ${removed[index]?.status} ${removed[index]?.text}`)
    })
    break
  }
  await call(socket, 'POST', '/volumes/prune?filters={"all":["true"]}')
}

const report = new Report()
const cleanUp: (() => unknown)[] = []
const daemon = await startDaemon({ after: (hook) => cleanUp.push(hook as () => unknown) })
try {
  const before = await weight(daemon)
  const deadline = Date.now() + Number(options.minutes) * 60_000
  const workers = Array.from({ length: Number(options.workers) }, (_, index) =>
    work(daemon, index, deadline, report),
  )
  const [deaths] = await Promise.all([killer(daemon, deadline), ...workers])
  console.log(`${options.minutes} minutes, ${deaths} deaths of the daemon, seed ${options.seed}`)
  await judge(daemon, report)
  await removeAll(daemon, report)
  let left = await remains(daemon)
  // conmon ends a moment after it has recorded an exit.
  for (let round = 0; round < 20 && left.length > 0; round++) {
    await sleep(500)
    left = await remains(daemon)
  }
  for (const line of left) report.problem(`left: ${line}`)
  disconnect()
  await sleep(500)
  const after = await weight(daemon)
  console.log(`descriptors ${before.descriptors} -> ${after.descriptors}`)
  console.log(`resident ${before.resident >> 20} -> ${after.resident >> 20} MiB`)
  if (after.descriptors > before.descriptors + 10) report.problem(`descriptors: ${after.descriptors}`)
  for (const line of daemon.log
    .split('\n')
    .filter((text) => /level=error|unhandled/.test(text) && !/is not paused/.test(text)))
    report.problem(`log: ${line.replace(/time=\S+ /, '')}`)
} finally {
  for (const hook of cleanUp) await hook()
}
report.print()
process.exit(report.problems.size > 0 ? 1 : 0)
