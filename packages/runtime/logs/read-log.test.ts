import assert from 'node:assert/strict'
import { appendFile, mkdtemp, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { LogPlace, LogQuery } from '../contracts.ts'
import { RecordScanner, timestampOf } from './cri.ts'
import { LogFiles } from './files.ts'
import { endOfLog, holdsPlace, readLog } from './read-log.ts'

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
const at = (second: number, nanoseconds = 0) => ({
  seconds: Date.UTC(2024, 0, 1, 0, 0, second) / 1000,
  nanoseconds,
})

async function* entries(files: LogFiles, query: LogQuery, ended: Promise<unknown>) {
  for await (const { bytes } of readLog(files, query, ended)) {
    const records = new RecordScanner(bytes)
    while (records.next()) yield { stream: records.stream, data: Buffer.from(records.data) }
  }
}

async function texts(
  path: string | LogFiles,
  query: LogQuery = {},
  ended: Promise<unknown> = over,
): Promise<string[]> {
  const files = typeof path === 'string' ? new LogFiles(path) : path
  const found: string[] = []
  for await (const { stream, data } of entries(files, query, ended))
    found.push(`${stream === 'stdout' ? 'o' : 'e'}:${data}`)
  return found
}

function records(text: string): RecordScanner[] {
  const found: RecordScanner[] = []
  const scanner = new RecordScanner(Buffer.from(text))
  while (scanner.next()) found.push(Object.assign(Object.create(scanner), scanner))
  return found
}

test('a record is decoded with its stream, its time in UTC and its newline', () => {
  const [record] = records('2024-01-01T02:00:00.123456789+02:00 stderr F a b\n')
  assert.equal(record?.stream, 'stderr')
  assert.equal(record?.full, true)
  assert.equal(timestampOf(record.time), '2024-01-01T00:00:00.123456789Z')
  assert.equal(String(record.data), 'a b\n')
  for (const [written, utc] of [
    ['2024-01-01T00:00:00.5Z', '2024-01-01T00:00:00.500000000Z'],
    ['2024-01-01T00:30:00-0330', '2024-01-01T04:00:00.000000000Z'],
    ['2023-12-31T23:59:59.999999999-00:01', '2024-01-01T00:00:59.999999999Z'],
  ]) {
    const [other] = records(`${written} stdout P x\n`)
    assert.equal(other && timestampOf(other.time), utc)
  }
})

test('what conmon would not write is no record, and hides none', () => {
  for (const text of [
    '\n',
    'x\n',
    `${stamp(1)} stdout X a\n`,
    `${stamp(1)} stdxxt F a\n`,
    `${stamp(1)} stdout\n`,
    `${'x'.repeat(100)} stdout F a\n`,
  ]) {
    const found = records(`${text}${line(2, 'good')}`)
    assert.deepEqual(
      found.map(({ data }) => String(data)),
      ['good\n'],
      text,
    )
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
  for await (const entry of entries(new LogFiles(path), {}, over)) {
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

test('the last lines are whole, also where lines of the other stream came between', async (t) => {
  const begun = line(1, 'a') + line(2, 'par', 'stdout', 'P') + line(3, 'b', 'stderr')
  const path = await logFile(t, begun + line(4, 'ti', 'stdout', 'P') + line(5, 'c', 'stderr') + line(6, 'al'))
  assert.deepEqual(await texts(path, { tail: 1 }), ['o:par', 'o:ti', 'o:al\n'])
  assert.deepEqual(await texts(path, { tail: 2 }), ['o:par', 'o:ti', 'e:c\n', 'o:al\n'])
  assert.deepEqual(await texts(path, { tail: 4 }), await texts(path))
  const unfinished = await logFile(t, begun + line(4, 'c', 'stderr'))
  assert.deepEqual(await texts(unfinished, { tail: 1 }), ['e:c\n'])
})

test('an unfinished last line counts as a line', async (t) => {
  const path = await logFile(t, line(1, 'a') + line(2, 'b') + line(3, 'c', 'stdout', 'P'))
  assert.deepEqual(await texts(path, { tail: 1 }), ['o:c'])
  assert.deepEqual(await texts(path, { tail: 2 }), ['o:b\n', 'o:c'])
})

test('since and until select by time, to the nanosecond', async (t) => {
  const path = await logFile(t, [1, 2, 3, 4].map((second) => line(second, String(second))).join(''))
  assert.deepEqual(await texts(path, { since: at(3) }), ['o:3\n', 'o:4\n'])
  assert.deepEqual(await texts(path, { since: at(3, 1) }), ['o:3\n', 'o:4\n'])
  assert.deepEqual(await texts(path, { since: at(3, 2) }), ['o:4\n'])
  assert.deepEqual(await texts(path, { until: at(2) }), ['o:1\n'])
  assert.deepEqual(await texts(path, { until: at(2, 1) }), ['o:1\n', 'o:2\n'])
  assert.deepEqual(await texts(path, { since: at(2), until: at(3, 1), tail: 3 }), ['o:2\n', 'o:3\n'])
})

test('since and until take or leave whole lines, by the time of their first piece', async (t) => {
  const first = line(1, 'a', 'stdout', 'P') + line(2, 'x', 'stderr') + line(3, 'b')
  const second = line(4, 'c', 'stdout', 'P') + line(5, 'y', 'stderr') + line(6, 'd') + line(7, 'e')
  const path = await logFile(t, first + second)
  assert.deepEqual(await texts(path, { since: at(2) }), ['e:x\n', 'o:c', 'e:y\n', 'o:d\n', 'o:e\n'])
  assert.deepEqual(await texts(path, { since: at(5), tail: 3 }), ['e:y\n', 'o:e\n'])
  assert.deepEqual(await texts(path, { until: at(1, 1) }), ['o:a', 'o:b\n'])
  assert.deepEqual(await texts(path, { since: at(3), until: at(4, 1) }), ['o:c', 'o:d\n'])
  assert.deepEqual(await texts(path, { until: at(0) }), [])
})

test('a log is read across its rotated and compressed files', async (t) => {
  const path = await logFile(t, line(5, '5'))
  await writeFile(`${path}.3.gz`, gzipSync(line(1, '1') + line(2, '2')))
  await writeFile(`${path}.4`, line(3, '3') + line(4, '4', 'stdout', 'P'))
  await writeFile(`${path}.5`, '')
  // Not of this log: an unfinished compression, somebody's copy.
  await writeFile(`${path}.4.gz.tmp`, 'x')
  await writeFile(`${path}.old`, line(9, '9'))
  const files = () => new LogFiles(path, { rotated: 5 })
  const all = ['o:1\n', 'o:2\n', 'o:3\n', 'o:4', 'o:5\n']
  assert.deepEqual(await texts(files()), all)
  assert.deepEqual(await texts(files(), { tail: 1 }), ['o:4', 'o:5\n'])
  assert.deepEqual(await texts(files(), { tail: 2 }), all.slice(2))
  assert.deepEqual(await texts(files(), { tail: 3 }), all.slice(1))
  assert.deepEqual(await texts(files(), { tail: 4 }), all)
  assert.deepEqual(await texts(files(), { tail: 5 }), all)
  assert.deepEqual(await texts(new LogFiles(path, { rotated: 5, cleared: 3 })), all.slice(2))
  await writeFile(path, '')
  await writeFile(`${path}.4`, line(3, '3'))
  assert.deepEqual(await texts(files(), { tail: 1 }), ['o:3\n'])
  await writeFile(`${path}.4`, '')
  assert.deepEqual(await texts(files(), { tail: 1 }), ['o:2\n'])
  assert.deepEqual(await texts(files(), { tail: 2 }), ['o:1\n', 'o:2\n'])
})

test('a damaged compressed file gives what it still has, and hides no other', async (t) => {
  const path = await logFile(t, line(5, '5'))
  await writeFile(`${path}.1.gz`, gzipSync(line(1, '1')).subarray(0, 20))
  assert.deepEqual((await texts(new LogFiles(path, { rotated: 1 }))).at(-1), 'o:5\n')
})

test('files last written before `since` are not even read', async (t) => {
  const path = await logFile(t, line(5, '5'))
  await writeFile(`${path}.1.gz`, 'not compressed at all')
  const files = new LogFiles(path, { rotated: 1 })
  const since = { seconds: Math.floor(Date.now() / 1000) + 3600, nanoseconds: 0 }
  assert.deepEqual(await texts(files, { since }), [])
})

test('a line that began in a file last written before `since` is left as a whole', async (t) => {
  const path = await logFile(t, line(4, 'b') + line(5, 'y', 'stderr') + line(6, 'c'))
  await writeFile(`${path}.1`, line(1, 'x', 'stderr') + line(1, 'a', 'stdout', 'P'))
  await utimes(`${path}.1`, at(1).seconds, at(1).seconds)
  const files = new LogFiles(path, { rotated: 1 })
  assert.deepEqual(await texts(files, { since: at(3) }), ['e:y\n', 'o:c\n'])
  await writeFile(`${path}.1.gz`, gzipSync(line(1, 'a') + line(1, 'x', 'stderr', 'P')))
  await utimes(`${path}.1.gz`, at(1).seconds, at(1).seconds)
  await rm(`${path}.1`)
  assert.deepEqual(await texts(new LogFiles(path, { rotated: 1 }), { since: at(3) }), ['o:b\n', 'o:c\n'])
})

test('without follow a log that goes on growing has an end', async (t) => {
  const path = await logFile(t, line(1, '1'))
  let count = 0
  for await (const { data } of entries(new LogFiles(path), {}, never)) {
    assert.equal(String(data), '1\n')
    if (++count < 10) await appendFile(path, line(2, '2'))
  }
  assert.equal(count, 1)
})

test('the last lines are those before the reader came, however fast the log grows', async (t) => {
  const path = await logFile(t, line(1, '1') + line(2, '2'))
  const files = new LogFiles(path)
  const readable = files.readable.bind(files)
  // Written between the look at the end and the search for the last line.
  files.readable = async () => {
    await appendFile(path, line(3, '3').repeat(10_000))
    return readable()
  }
  assert.deepEqual(await texts(files, { tail: 1 }), ['o:2\n'])
})

test('the last lines of a long log are found without reading it', async (t) => {
  const path = await logFile(t, line(1, 'never read'))
  // A hole of a hundred gigabytes that nobody could read in time.
  const { truncate } = await import('node:fs/promises')
  await truncate(path, 100e9)
  await appendFile(path, `\n${line(2, 'a')}${line(3, 'b')}`)
  assert.deepEqual(await texts(path, { tail: 1 }), ['o:b\n'])
  assert.ok((await stat(path)).size > 99e9)
})

test('follow goes on until the process has ended and the log is drained', async (t) => {
  const path = await logFile(t, line(1, 'before'))
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  const seen: string[] = []
  for await (const { data } of entries(new LogFiles(path), { follow: true }, ended)) {
    seen.push(String(data).trim())
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
  for await (const { data } of entries(new LogFiles(path), { follow: true }, never)) {
    assert.equal(String(data), 'first\n')
    break
  }
})

test('follow crosses a rotation, what is written before the writer notices it included', async (t) => {
  const path = await logFile(t, line(1, '1'))
  const files = new LogFiles(path)
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  const steps = [
    async () => {
      files.moveAway()
      await appendFile(`${path}.1`, line(2, '2'))
    },
    async () => {
      await appendFile(`${path}.1`, line(3, '3'))
      await writeFile(path, line(4, '4'))
      files.settle()
    },
    async () => {},
    async () => {
      // Renamed and written again at once: the reader may find either.
      await appendFile(path, line(5, '5'))
      files.moveAway()
      await writeFile(path, line(6, '6'))
      files.settle()
      await writeFile(`${path}.1.gz`, gzipSync('x'))
      await rm(`${path}.1`)
    },
    async () => {},
    async () => {
      files.moveAway()
      await writeFile(path, line(7, '7'))
      // The process ends before anybody has noticed that the writer has gone on.
      end()
    },
  ]
  const seen: string[] = []
  for await (const { data } of entries(files, { follow: true }, ended)) {
    seen.push(String(data).trim())
    await steps[seen.length - 1]?.()
  }
  assert.deepEqual(seen, ['1', '2', '3', '4', '5', '6', '7'])
})

test('a file that is rotated away while the names are read is not passed over', async (t) => {
  const path = await logFile(t, line(1, '1'))
  const files = new LogFiles(path)
  const rotated = files.rotated.bind(files)
  files.rotated = async () => {
    const names = await rotated()
    files.moveAway()
    await writeFile(path, line(2, '2'))
    files.settle()
    files.rotated = rotated
    return names
  }
  assert.deepEqual(await texts(files, { tail: 9 }), ['o:1\n'])
})

test('a follower of a cleared log goes on with what comes', async (t) => {
  const path = await logFile(t, line(1, '1'))
  const files = new LogFiles(path)
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  const seen: string[] = []
  for await (const { data } of entries(files, { follow: true }, ended)) {
    seen.push(String(data).trim())
    if (seen.length > 1) end()
    else {
      files.moveAway()
      await writeFile(path, line(2, '2'))
      files.settle()
      files.clear(1)
      await rm(`${path}.1`)
    }
  }
  assert.deepEqual(seen, ['1', '2'])
  assert.deepEqual(await texts(files), ['o:2\n'])
})

test('a reader can stop while nothing comes, and at a time', async (t) => {
  const path = await logFile(t, line(1, 'a'))
  const files = new LogFiles(path)
  const stop = new AbortController()
  for await (const { data } of entries(files, { follow: true, signal: stop.signal }, never)) {
    assert.equal(String(data), 'a\n')
    setTimeout(() => stop.abort(), 30)
  }
  const soon = (milliseconds: number) => {
    const time = Date.now() + milliseconds
    return { seconds: Math.floor(time / 1000), nanoseconds: (time % 1000) * 1e6 }
  }
  assert.deepEqual(await texts(path, { follow: true, until: soon(-50) }, never), ['o:a\n'])
  assert.deepEqual(await texts(path, { follow: true, until: soon(50) }, never), ['o:a\n'])
})

test('a file that disappears under a follower is passed over', async (t) => {
  const path = await logFile(t, line(1, '1'))
  await rename(path, `${path}.1`)
  await writeFile(path, line(4, '4'))
  const files = new LogFiles(path, { rotated: 1 })
  const seen: string[] = []
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  for await (const { data } of entries(files, { follow: true }, ended)) {
    seen.push(String(data).trim())
    if (seen.length > 1) {
      end()
      continue
    }
    for (const text of ['5', '6']) {
      files.moveAway()
      await writeFile(path, line(6, text))
      files.settle()
    }
    await rm(`${path}.2`)
  }
  assert.deepEqual(seen, ['1', '5', '6'])
})

test('a log can be read on from each place that is told, also in what was rotated away and compressed since', async (t) => {
  const lines = Array.from({ length: 9 }, (_, index) => line(index, `line ${index}`))
  const path = await logFile(t, lines.slice(6).join(''))
  await writeFile(`${path}.1.gz`, gzipSync(lines.slice(0, 3).join('')))
  await writeFile(`${path}.2`, lines.slice(3, 6).join(''))
  const files = new LogFiles(path, { rotated: 2 })
  const all = await texts(files)
  assert.equal(all.length, 9)
  for (let index = 0; index < 9; index++) {
    const before = lines.slice(index - (index % 3), index).join('').length
    const start = { number: Math.floor(index / 3) + 1, offset: before }
    assert.equal(await holdsPlace(files, start), true)
    assert.deepEqual(await texts(files, { start, tail: 1 }), all.slice(index))
  }
  const told: LogPlace[] = []
  for await (const { end } of readLog(files, {}, over)) if (end) told.push(end)
  assert.deepEqual(told.at(0), { number: 1, offset: 0 })
  assert.deepEqual(told.at(-1), await endOfLog(files))
  files.clear(1)
  assert.equal(await holdsPlace(files, { number: 1, offset: 0 }), false)
  await rm(`${path}.2`)
  assert.equal(await holdsPlace(files, { number: 2, offset: 0 }), false)
  assert.equal(await holdsPlace(files, { number: 3, offset: 1e6 }), false)
})
