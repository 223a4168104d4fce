import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LogFrames, type LogLayout } from './log-frames.ts'

const plain: LogLayout = { stdout: true, stderr: true, terminal: false, timestamps: false, details: '' }
const time = '2024-01-01T02:00:00.123456789+02:00'
const utc = '2024-01-01T00:00:00.123456789Z'

function record(text: string | Buffer, stream = 'stdout', tag = 'F', when = time): Buffer {
  return Buffer.concat([Buffer.from(`${when} ${stream} ${tag} `), Buffer.from(text), Buffer.from('\n')])
}

/** The frames in a stream: `o:text` or `e:text`. */
function framesOf(bytes: Buffer): string[] {
  const found: string[] = []
  for (let at = 0; at < bytes.length; ) {
    assert.deepEqual([...bytes.subarray(at + 1, at + 4)], [0, 0, 0])
    const length = bytes.readUInt32BE(at + 4)
    const name = { 1: 'o', 2: 'e' }[bytes[at] as 1 | 2]
    found.push(`${name}:${bytes.toString('latin1', at + 8, at + 8 + length)}`)
    at += 8 + length
  }
  return found
}

function format(blocks: Buffer[], layout: Partial<LogLayout> = {}): Buffer {
  const frames = new LogFrames({ ...plain, ...layout })
  const parts = blocks.map((bytes) => Buffer.from(frames.format({ bytes, caughtUp: false })))
  return Buffer.concat([...parts, frames.end()])
}

test('one frame is one line', () => {
  const bytes = Buffer.concat([record('one'), record('two', 'stderr'), record('')])
  assert.deepEqual(framesOf(format([bytes])), ['o:one\n', 'e:two\n', 'o:\n'])
  assert.deepEqual(framesOf(format([bytes], { stdout: false })), ['e:two\n'])
  assert.deepEqual(framesOf(format([bytes], { stderr: false })), ['o:one\n', 'o:\n'])
  assert.equal(String(format([bytes], { terminal: true })), 'one\ntwo\n\n')
})

test('pieces of a line are one frame again, also across blocks', () => {
  const pieces = [record('a', 'stdout', 'P'), record('b', 'stdout', 'P'), record('c'), record('d')]
  assert.deepEqual(framesOf(format([Buffer.concat(pieces)])), ['o:abc\n', 'o:d\n'])
  assert.deepEqual(framesOf(format(pieces)), ['o:abc\n', 'o:d\n'])
  assert.deepEqual(framesOf(format(pieces.slice(0, 2))), ['o:ab'])
})

test('pieces that another stream interrupts are frames of their own, with one lead', () => {
  const bytes = Buffer.concat([
    record('a', 'stdout', 'P'),
    record('x', 'stderr', 'P'),
    record('b'),
    record('y', 'stderr'),
    record('z'),
  ])
  const stamped = format([bytes], { timestamps: true, details: 'k=v ' })
  assert.deepEqual(framesOf(stamped), [
    `o:${utc} k=v a`,
    `e:${utc} k=v x`,
    'o:b\n',
    'e:y\n',
    `o:${utc} k=v z\n`,
  ])
  assert.equal(
    String(format([bytes], { timestamps: true, terminal: true, stderr: false })),
    `${utc} ab\n${utc} z\n`,
  )
})

test('a reader that waits is shown an unfinished line', () => {
  const frames = new LogFrames({ ...plain, timestamps: true })
  assert.equal(frames.format({ bytes: record('login: ', 'stdout', 'P'), caughtUp: false }).length, 0)
  const shown = frames.format({ bytes: Buffer.alloc(0), caughtUp: true })
  assert.deepEqual(framesOf(shown), [`o:${utc} login: `])
  assert.deepEqual(framesOf(frames.format({ bytes: record('root'), caughtUp: false })), ['o:root\n'])
  assert.equal(frames.end().length, 0)
})

test('a line of any length comes through, in frames of a bounded length', () => {
  const piece = 'x'.repeat(8192)
  const blocks = Array.from({ length: 100 }, () => record(piece, 'stdout', 'P'))
  const found = framesOf(format([...blocks, record('end')]))
  assert.equal(found.map((frame) => frame.slice(2)).join(''), `${piece.repeat(100)}end\n`)
  assert.ok(found.length >= 50)
  assert.ok(found.every((frame) => frame.length <= 16 * 1024 + 8192))
})

test('what is no record is left out', () => {
  const bytes = Buffer.concat([
    Buffer.from('garbage\n\n'),
    record('a'),
    Buffer.from('x'.repeat(99)),
    record('b'),
  ])
  assert.deepEqual(framesOf(format([bytes])), ['o:a\n'])
})

test('times are UTC with nine digits', () => {
  for (const [written, shown] of [
    ['2024-01-01T00:00:00.000000001+00:00', '2024-01-01T00:00:00.000000001Z'],
    ['2024-01-01T00:00:00.5Z', '2024-01-01T00:00:00.500000000Z'],
    ['2024-01-01T00:00:00.5-01:30', '2024-01-01T01:30:00.500000000Z'],
  ] as const)
    assert.deepEqual(framesOf(format([record('a', 'stdout', 'F', written)], { timestamps: true })), [
      `o:${shown} a\n`,
    ])
})

/** Random numbers that a seed repeats. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return (state >>> 8) % below
  }
}

test('whatever bytes a program writes, in whatever pieces, arrive in order and whole', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = randomFrom(seed)
    const written = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
    const log: Buffer[] = []
    for (let n = random(60); n >= 0; n--) {
      const stream = random(4) === 0 ? 'stderr' : 'stdout'
      const text = Buffer.from(Array.from({ length: random(random(20) ? 40 : 3000) }, () => random(256)))
      const bytes = Buffer.from(text.map((byte) => (byte === 10 ? 11 : byte)))
      const full = random(3) > 0
      written[stream].push(bytes, ...(full ? [Buffer.from('\n')] : []))
      log.push(record(bytes, stream, full ? 'F' : 'P'))
    }
    // Blocks of any number of records, and moments at which the reader waits.
    const frames = new LogFrames({
      ...plain,
      ...(random(2) && { details: random(2) ? 'd'.repeat(500) : '' }),
    })
    const parts: Buffer[] = []
    for (let from = 0; from < log.length; ) {
      const to = from + 1 + random(8)
      const block = { bytes: Buffer.concat(log.slice(from, to)), caughtUp: random(3) === 0 }
      parts.push(Buffer.from(frames.format(block)))
      from = to
    }
    parts.push(frames.end())
    const found = framesOf(Buffer.concat(parts))
    for (const [stream, mark] of [
      ['stdout', 'o'],
      ['stderr', 'e'],
    ] as const) {
      const all = found.filter((frame) => frame[0] === mark).map((frame) => frame.slice(2))
      const text = all.join('').replaceAll('d'.repeat(500), '')
      assert.equal(text, Buffer.concat(written[stream]).toString('latin1'), `seed ${seed}`)
    }
  }
})
