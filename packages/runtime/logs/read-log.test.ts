import assert from 'node:assert/strict'
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { LogEntry, LogQuery } from '../contracts.ts'
import { parseRecord, utcTimestamp } from './cri.ts'
import { readLog } from './read-log.ts'

const over = Promise.resolve()
const never = new Promise<never>(() => {})

async function logFile(t: TestContext, text?: string | Buffer): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-log-'))
  t.after(() => rm(directory, { recursive: true }))
  const path = join(directory, 'log')
  if (text !== undefined) await writeFile(path, text)
  return path
}

const stamp = (second: number) => `2024-01-01T00:00:${String(second).padStart(2, '0')}.000000001+00:00`
const line = (second: number, text: string, stream = 'stdout', tag = 'F') =>
  `${stamp(second)} ${stream} ${tag} ${text}\n`

async function texts(path: string, query: LogQuery = {}, ended: Promise<unknown> = over): Promise<string[]> {
  const entries: LogEntry[] = []
  for await (const entry of readLog(path, query, ended)) entries.push(entry)
  return entries.map(({ stream, data }) => `${stream === 'stdout' ? 'o' : 'e'}:${data}`)
}

test('a record is decoded with its stream, its time in UTC and its newline', () => {
  const entry = parseRecord(Buffer.from('2024-01-01T02:00:00.123456789+02:00 stderr F a b\n'))
  assert.equal(entry?.stream, 'stderr')
  assert.equal(entry?.timestamp, '2024-01-01T00:00:00.123456789Z')
  assert.equal(entry?.time.toISOString(), '2024-01-01T00:00:00.123Z')
  assert.equal(String(entry?.data), 'a b\n')
  assert.equal(utcTimestamp('2024-01-01T00:00:00.5Z'), '2024-01-01T00:00:00.500000000Z')
})

test('what conmon would not write is no record', () => {
  for (const text of [
    '\n',
    'x\n',
    `${stamp(1)} stdout X a\n`,
    `${stamp(1)} stdxxt F a\n`,
    `${stamp(1)} stdout\n`,
  ]) {
    assert.equal(parseRecord(Buffer.from(text)), null, text)
  }
})

test('a missing log is empty', async (t) => {
  assert.deepEqual(await texts(await logFile(t)), [])
})

test('partial lines come without a newline, empty lines with only one', async (t) => {
  const path = await logFile(t, line(1, 'pro', 'stdout', 'P') + line(2, 'mpt') + line(3, ''))
  assert.deepEqual(await texts(path), ['o:pro', 'o:mpt\n', 'o:\n'])
})

test('bytes that are no text come through as they are', async (t) => {
  const data = Buffer.from([0, 255, 254, 13, 27, 128])
  const path = await logFile(
    t,
    Buffer.concat([Buffer.from(`${stamp(1)} stdout F `), data, Buffer.from('\n')]),
  )
  for await (const entry of readLog(path, {}, over)) {
    assert.deepEqual(entry.data, Buffer.concat([data, Buffer.from('\n')]))
  }
})

test('tail counts lines, not pieces of lines', async (t) => {
  const path = await logFile(
    t,
    line(1, 'a') + line(2, 'b', 'stderr', 'P') + line(3, 'c', 'stderr') + line(4, 'd'),
  )
  assert.deepEqual(await texts(path, { tail: 0 }), [])
  assert.deepEqual(await texts(path, { tail: 1 }), ['o:d\n'])
  assert.deepEqual(await texts(path, { tail: 2 }), ['e:b', 'e:c\n', 'o:d\n'])
  assert.deepEqual(await texts(path, { tail: 3 }), ['o:a\n', 'e:b', 'e:c\n', 'o:d\n'])
  assert.equal((await texts(path, { tail: 99 })).length, 4)
})

test('an unfinished last line counts as a line', async (t) => {
  const path = await logFile(t, line(1, 'a') + line(2, 'b') + line(3, 'c', 'stdout', 'P'))
  assert.deepEqual(await texts(path, { tail: 1 }), ['o:c'])
  assert.deepEqual(await texts(path, { tail: 2 }), ['o:b\n', 'o:c'])
})

test('since and until select by time', async (t) => {
  const path = await logFile(t, [1, 2, 3, 4].map((second) => line(second, String(second))).join(''))
  const at = (second: number) => new Date(`2024-01-01T00:00:0${second}Z`)
  assert.deepEqual(await texts(path, { since: at(3) }), ['o:3\n', 'o:4\n'])
  assert.deepEqual(await texts(path, { until: at(2) }), ['o:1\n', 'o:2\n'])
  assert.deepEqual(await texts(path, { since: at(2), until: at(3), tail: 3 }), ['o:2\n', 'o:3\n'])
})

test('the last lines of a million are found at once, and all of them are read in bounded memory', async (t) => {
  const block = Array.from({ length: 10_000 }, (_, n) => line(1, `line ${n} ${'x'.repeat(40)}`)).join('')
  const path = await logFile(t, '')
  for (let n = 0; n < 100; n++) await appendFile(path, block)
  const before = performance.now()
  assert.equal((await texts(path, { tail: 5 })).length, 5)
  assert.ok(performance.now() - before < 200, `tail took ${performance.now() - before} ms`)
  let count = 0
  const start = performance.now()
  const memory = process.memoryUsage().rss
  for await (const entry of readLog(path, {}, over)) if (entry.data.length > 0) count++
  assert.equal(count, 1_000_000)
  t.diagnostic(`1,000,000 lines in ${Math.round(performance.now() - start)} ms`)
  assert.ok(process.memoryUsage().rss - memory < 200 * 1024 * 1024)
})

test('follow goes on until the process has ended and the log is drained', async (t) => {
  const path = await logFile(t, line(1, 'before'))
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  const seen: string[] = []
  for await (const entry of readLog(path, { follow: true }, ended)) {
    seen.push(String(entry.data).trim())
    if (seen.length === 1) await appendFile(path, line(2, 'halves').slice(0, 50))
    if (seen.length === 1) setTimeout(() => void appendFile(path, line(2, 'halves').slice(50)), 20)
    if (seen.length === 2) {
      await appendFile(path, line(3, 'last'))
      end()
    }
  }
  assert.deepEqual(seen, ['before', 'halves', 'last'])
})

test('follow waits for a log that does not exist yet', async (t) => {
  const path = await logFile(t)
  setTimeout(() => void writeFile(path, line(1, 'first')), 30)
  for await (const entry of readLog(path, { follow: true }, never)) {
    assert.equal(String(entry.data), 'first\n')
    break
  }
})

test('a reader can stop while nothing comes, and at a time', async (t) => {
  const path = await logFile(t, line(1, 'a'))
  const stop = new AbortController()
  for await (const entry of readLog(path, { follow: true, signal: stop.signal }, never)) {
    assert.equal(String(entry.data), 'a\n')
    setTimeout(() => stop.abort(), 30)
  }
  assert.deepEqual(await texts(path, { follow: true, until: new Date(Date.now() - 50) }, never), ['o:a\n'])
  assert.deepEqual(await texts(path, { follow: true, until: new Date(Date.now() + 50) }, never), ['o:a\n'])
})
