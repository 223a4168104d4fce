import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { LogQuery } from '../contracts.ts'
import { RecordScanner } from './cri.ts'
import { LogFiles } from './files.ts'
import { readLog } from './read-log.ts'

type Entry = { stream: 'stdout' | 'stderr'; tag: 'F' | 'P'; text: string }

const written = ({ stream, tag, text }: Entry) =>
  `2024-01-01T00:00:00.000000001+00:00 ${stream} ${tag} ${text}\n`
const shown = ({ stream, tag, text }: Entry) => brief(stream, `${text}${tag === 'F' ? '\n' : ''}`)
/** What a failed assertion can show. */
const brief = (stream: string, data: string) => `${stream}:${data.slice(0, 9).trimEnd()} ${data.length}`
const out = (text: string, tag: 'F' | 'P' = 'F'): Entry => ({ stream: 'stdout', tag, text })
const err = (text: string, tag: 'F' | 'P' = 'F'): Entry => ({ stream: 'stderr', tag, text })

/** A log of these files; all but the last have been rotated away, and the first `compressed` of them compressed. */
async function logOf(t: TestContext, files: Entry[][], compressed: number): Promise<LogFiles> {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-tail-'))
  t.after(() => rm(directory, { recursive: true }))
  const path = join(directory, 'log')
  for (const [index, entries] of files.entries()) {
    const text = entries.map(written).join('')
    const isLast = index === files.length - 1
    if (isLast) await writeFile(path, text)
    else if (index < compressed) await writeFile(`${path}.${index + 1}.gz`, gzipSync(text))
    else await writeFile(`${path}.${index + 1}`, text)
  }
  return new LogFiles(path, { rotated: files.length - 1 })
}

async function read(files: LogFiles, query: LogQuery): Promise<string[]> {
  const found: string[] = []
  for await (const { bytes } of readLog(files, query, Promise.resolve())) {
    const records = new RecordScanner(bytes)
    while (records.next()) found.push(brief(records.stream, String(records.data)))
  }
  return found
}

test('the first of the last lines is whole, wherever it begins', async (t) => {
  const piece = 'x'.repeat(8000)
  const line = Array.from({ length: 30 }, (_, index) => out(`${index}${piece}`, 'P'))
  const begun = [out('before'), ...line, err('one')]
  const rest = [err('two'), out('end'), out('after')]
  const whole = [...line, out('end'), out('after')].map(shown)
  for (const [name, files, compressed] of [
    ['in one file, far back', [[...begun, ...rest]], 0],
    ['in a rotated file', [begun, rest], 0],
    ['in a compressed file', [begun, rest], 1],
    ['in a compressed file that it ends in too', [[...begun, ...rest], []], 1],
    ['in several', [begun.slice(0, 9), begun.slice(9, 20), [], begun.slice(20), rest], 2],
  ] as const) {
    const log = await logOf(
      t,
      files.map((entries) => [...entries]),
      compressed,
    )
    assert.deepEqual(await read(log, { tail: 2 }), whole, name)
    assert.deepEqual(await read(log, { tail: 3 }), [shown(err('two')), ...whole], name)
    assert.deepEqual(await read(log, { tail: 2, follow: true }), whole, name)
    assert.deepEqual(await read(log, { tail: 1 }), [shown(out('after'))], name)
  }
})

test('a line whose beginning was removed, or cleared, begins where it can', async (t) => {
  const log = await logOf(t, [[out('a', 'P')], [out('b', 'P'), err('x')], [err('y'), out('c')]], 1)
  assert.deepEqual(
    await read(log, { tail: 2 }),
    [err('y'), out('a', 'P'), out('b', 'P'), out('c')].map(shown),
  )
  log.clear(1)
  assert.deepEqual(await read(log, { tail: 1 }), [out('b', 'P'), out('c')].map(shown))
  log.clear(2)
  assert.deepEqual(await read(log, { tail: 1 }), [shown(out('c'))])
})

/** Random numbers that a seed repeats. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return (state >>> 8) % below
  }
}

/** What `tail` lines of these records are: those behind the end of a line, with the beginning of the other stream's. */
function lastLines(entries: Entry[], tail: number): string[] {
  let left = tail
  let from = entries.length - 1
  while (from > 0 && !(entries[from - 1]?.tag === 'F' && --left === 0)) from--
  const last = entries.slice(from)
  const behind = entries[from - 1]?.stream
  const other = last.findIndex(({ stream }) => behind && stream !== behind)
  if (other < 0) return last.map(shown)
  const earlier = entries.slice(0, from).filter(({ stream }) => stream === last[other]?.stream)
  const pieces = earlier.slice(earlier.findLastIndex(({ tag }) => tag === 'F') + 1)
  return [...last.slice(0, other), ...pieces, ...last.slice(other)].map(shown)
}

test('whatever was written, and however it was rotated, the last lines are whole', async (t) => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = randomFrom(seed)
    const long = random(4) === 0 ? 30_000 : 10
    const entries = Array.from({ length: 1 + random(30) }, (_, index) => {
      const tag = random(3) ? 'P' : 'F'
      const text = `${index}${'x'.repeat(random(long))}`
      return random(3) ? out(text, tag) : err(text, tag)
    })
    const files: Entry[][] = [[]]
    for (const entry of entries) {
      if (random(6) === 0) files.push([])
      files.at(-1)?.push(entry)
    }
    const log = await logOf(t, files, random(files.length + 1))
    for (const tail of [1, 2, 3, 7])
      assert.deepEqual(await read(log, { tail }), lastLines(entries, tail), `seed ${seed}, tail ${tail}`)
  }
})
