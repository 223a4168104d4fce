import assert from 'node:assert/strict'
import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { LogFiles } from '@gantry/runtime'
import { until } from '../../../../test/until.ts'
import type { Destination } from './destination.ts'
import { Forwarder, type ForwarderParts, type ForwardState } from './forwarder.ts'
import { LineAssembler, type LogMessage } from './message.ts'

const when = '2024-01-01T00:00:00.000000001+00:00'
const record = (text: string | Buffer, stream = 'stdout', tag = 'F') =>
  Buffer.concat([Buffer.from(`${when} ${stream} ${tag} `), Buffer.from(text), Buffer.from('\n')])

/** Takes what it is given, unless it is told to fail or to hang. */
class FakeDestination implements Destination {
  readonly maxRetries = 2
  readonly lines: string[] = []
  mode: 'take' | 'fail' | 'hang' = 'take'
  tries = 0
  closed = 0

  async send(messages: readonly LogMessage[], signal: AbortSignal): Promise<void> {
    this.tries++
    if (this.mode === 'fail') throw new Error('no')
    while (this.mode === 'hang') await sleep(5, undefined, { signal })
    this.lines.push(...messages.map(({ line }) => String(line)))
  }
  retryDelay(): number {
    return 5
  }
  close(): void {
    this.closed++
  }
}

async function forwarding(t: TestContext, changes: Partial<ForwarderParts> = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-forwarder-'))
  t.after(() => rm(directory, { recursive: true }))
  const path = join(directory, 'log')
  await writeFile(path, '')
  const destination = new FakeDestination()
  const warnings: string[] = []
  const saved: ForwardState[] = []
  const parts: ForwarderParts = {
    files: new LogFiles(path),
    destination,
    state: { number: 1, offset: 0 },
    save: (state) => void saved.push(structuredClone(state)),
    released: () => {},
    maxBuffer: null,
    warn: (message) => void warnings.push(message),
    ...changes,
  }
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  return { path, parts, destination, warnings, saved, ended, end, forwarder: new Forwarder(parts) }
}

const count = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => String(from + n))
const records = (lines: string[]) => Buffer.concat(lines.map((line) => record(line)))

test('lines are handed on as they come, across rotations, to the end', async (t) => {
  const { path, parts, destination, saved, ended, end, forwarder } = await forwarding(t)
  const running = forwarder.run(ended)
  await appendFile(path, records(count(1, 5000)))
  await until('5000 lines', () => destination.lines.length === 5000)
  parts.files.moveAway()
  await appendFile(`${path}.1`, records(count(5001, 6000)))
  await writeFile(path, records(count(6001, 7000)))
  parts.files.settle()
  await appendFile(path, record('unfinished', 'stderr', 'P'))
  await until('7000 lines', () => destination.lines.length === 7000)
  end()
  await running
  assert.deepEqual(destination.lines, [...count(1, 7000), 'unfinished'])
  assert.equal(saved.at(-1)?.number, 2)
  assert.equal(saved.at(-1)?.pending, undefined)
  assert.equal(destination.closed, 1)
})

test('what was not handed on is by the next, and a file is kept until that is written down', async (t) => {
  const { path, parts, destination, warnings, ended, forwarder } = await forwarding(t)
  const running = forwarder.run(ended)
  await appendFile(path, records(count(1, 10)))
  await until('ten lines', () => destination.lines.length === 10)
  destination.mode = 'fail'
  parts.files.moveAway()
  await appendFile(`${path}.1`, Buffer.concat([records(['11']), record('twe', 'stdout', 'P')]))
  await writeFile(path, records(['lve', '13']))
  parts.files.settle()
  await until('several tries', () => destination.tries > 5)
  assert.equal(forwarder.neededFrom, 1)
  forwarder.stop()
  await running
  assert.deepEqual(warnings, ['no'])

  const { files } = parts
  let released = 0
  const released1 = () => void released++
  destination.mode = 'take'
  const next = new Forwarder({ ...parts, state: forwarder.state, released: released1 })
  await next.run(Promise.resolve())
  assert.deepEqual(destination.lines, [...count(1, 11), 'twelve', '13'])
  assert.equal(next.neededFrom, 2)
  assert.equal(released, 1)
  assert.equal(files.current, 2)
})

test('a place that cannot be written down stops nothing, and releases nothing', async (t) => {
  const save = () => {
    throw new Error('disk full')
  }
  const { path, parts, destination, warnings, end, ended, forwarder } = await forwarding(t, { save })
  await writeFile(path, records(['1']))
  parts.files.moveAway()
  await writeFile(path, records(['2']))
  parts.files.settle()
  end()
  await forwarder.run(ended)
  assert.deepEqual(destination.lines, ['1', '2'])
  assert.deepEqual(warnings, ['disk full'])
  assert.equal(forwarder.neededFrom, 1)
})

test('the beginning of a line is remembered with the place', async (t) => {
  const { path, parts, destination, saved, ended, forwarder } = await forwarding(t)
  await appendFile(
    path,
    Buffer.concat([record('log', 'stdout', 'P'), record('e', 'stderr'), record('in: ', 'stdout', 'P')]),
  )
  const running = forwarder.run(ended)
  await until('the place to be written down', () => saved.length > 0)
  forwarder.stop()
  await running
  await appendFile(path, record('root'))
  const state = JSON.parse(JSON.stringify(forwarder.state)) as ForwardState
  await new Forwarder({ ...parts, state }).run(Promise.resolve())
  assert.deepEqual(destination.lines, ['e', 'login: root'])
})

test('without blocking the oldest lines go when too much waits, and are counted', async (t) => {
  const { path, destination, warnings, ended, end, forwarder } = await forwarding(t, { maxBuffer: 20_000 })
  destination.mode = 'hang'
  const running = forwarder.run(ended)
  await appendFile(path, records(count(1, 20_000)))
  await until('lines to be dropped', () => (forwarder.state.dropped ?? 0) > 17_000)
  destination.mode = 'take'
  end()
  await running
  const dropped = forwarder.state.dropped ?? 0
  assert.deepEqual(destination.lines, count(dropped + 1, 20_000))
  assert.ok(destination.lines.length < 3000, `${destination.lines.length} lines were kept`)
  assert.deepEqual(warnings, ['lines are dropped, as the destination does not take them'])
  assert.ok(path)
})

test('without blocking, a fast destination gets everything however much waits', async (t) => {
  const { path, destination, end, ended, forwarder } = await forwarding(t, { maxBuffer: 1000 })
  await appendFile(path, records(count(1, 50_000)))
  end()
  await forwarder.run(ended)
  assert.deepEqual(destination.lines, count(1, 50_000))
})

test('a failing destination loses lines only without blocking, after its retries', async (t) => {
  for (const maxBuffer of [null, 1e9]) {
    const { path, destination, ended, end, forwarder } = await forwarding(t, { maxBuffer })
    destination.mode = 'fail'
    const running = forwarder.run(ended)
    await appendFile(path, records(['1']))
    await until('tries, or a dropped line', () =>
      maxBuffer === null ? destination.tries > 5 : forwarder.state.dropped === 1,
    )
    destination.mode = 'take'
    await appendFile(path, records(['2']))
    end()
    await running
    assert.deepEqual(destination.lines, maxBuffer === null ? ['1', '2'] : ['2'])
  }
})

test('a log that was cleared or moved is handed on all the same', async (t) => {
  const { path, parts, destination, forwarder } = await forwarding(t)
  await writeFile(path, records(['1', '2']))
  parts.files.moveAway()
  await writeFile(path, records(['3']))
  parts.files.settle()
  parts.files.clear(1)
  await forwarder.run(Promise.resolve())
  assert.deepEqual(destination.lines, ['1', '2', '3'])
  // As for a container that is removed: the files lie elsewhere now.
  await rename(`${path}.1`, `${path}-elsewhere.1`)
  await rename(path, `${path}-elsewhere`)
  const files = new LogFiles(`${path}-elsewhere`, { rotated: 1, cleared: 1 })
  await new Forwarder({ ...parts, files, state: { number: 1, offset: 0 } }).run(Promise.resolve())
  assert.deepEqual(destination.lines, ['1', '2', '3', '1', '2', '3'])
})

/** Random numbers that a seed repeats. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return (state >>> 8) % below
  }
}

test('whatever a program writes, in whatever pieces, with whatever interruptions, makes the same lines', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = randomFrom(seed)
    const expected = { stdout: [] as string[], stderr: [] as string[] }
    const open = { stdout: null as string | null, stderr: null as string | null }
    const found = { stdout: [] as LogMessage[], stderr: [] as LogMessage[] }
    let assembler = new LineAssembler()
    const take = (messages: LogMessage[]) => {
      for (const message of messages)
        found[message.stream].push({ ...message, line: Buffer.from(message.line) })
    }
    for (let n = random(50); n >= 0; n--) {
      const block: Buffer[] = []
      for (let m = random(6); m >= 0; m--) {
        const stream = random(3) === 0 ? 'stderr' : 'stdout'
        const bytes = Buffer.from(
          Array.from({ length: random(10) ? random(50) : random(9000) }, () => random(256)),
        )
        const text = Buffer.from(bytes.map((byte) => (byte === 10 ? 0 : byte)))
        const full = random(3) > 0
        open[stream] = (open[stream] ?? '') + text.toString('latin1')
        if (full) {
          expected[stream].push(open[stream])
          open[stream] = null
        }
        block.push(record(text, stream, full ? 'F' : 'P'))
      }
      take(assembler.add(Buffer.concat(block)))
      if (random(4) === 0) assembler = new LineAssembler(JSON.parse(JSON.stringify(assembler.pending)))
    }
    take(assembler.flush())
    for (const stream of ['stdout', 'stderr'] as const) {
      const rest = open[stream]
      assert.deepEqual(
        linesOf(found[stream]),
        [...expected[stream], ...(rest === null ? [] : [rest])],
        `seed ${seed}`,
      )
    }
  }
})

/** Puts pieces together again, and checks their numbering. */
function linesOf(messages: LogMessage[]): string[] {
  const lines: string[] = []
  let previous = null as LogMessage['partial']
  for (const { line, partial } of messages) {
    assert.ok(line.length <= 16 * 1024)
    const goesOn: boolean = previous !== null && !previous.last
    if (goesOn) {
      assert.equal(partial?.id, previous?.id)
      assert.equal(partial?.ordinal, (previous?.ordinal ?? 0) + 1)
      lines[lines.length - 1] += line.toString('latin1')
    } else {
      if (partial) assert.equal(partial.ordinal, 1)
      lines.push(line.toString('latin1'))
    }
    previous = partial
  }
  return lines
}
