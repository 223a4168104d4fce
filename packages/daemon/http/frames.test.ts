import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { frame, type StreamName } from './frames.ts'

/** Reads frames back as a client does. */
function parse(bytes: Buffer): { stream: StreamName; data: string }[] {
  const frames: { stream: StreamName; data: string }[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at + 4)
    assert.equal(bytes.readUIntBE(at + 1, 3), 0)
    frames.push({
      stream: bytes[at] === 1 ? 'stdout' : 'stderr',
      data: bytes.toString('latin1', at + 8, at + 8 + length),
    })
    at += 8 + length
  }
  return frames
}

test('any sequence of frames reads back as it was', () => {
  for (let round = 0; round < 200; round++) {
    const frames = Array.from({ length: randomInt(0, 20) }, () => ({
      stream: randomInt(2) === 0 ? ('stdout' as const) : ('stderr' as const),
      data: Buffer.from(Array.from({ length: randomInt(0, 300) }, () => randomInt(256))).toString('latin1'),
    }))
    const bytes = Buffer.concat(frames.map(({ stream, data }) => frame(stream, Buffer.from(data, 'latin1'))))
    assert.deepEqual(parse(bytes), frames)
  }
})
