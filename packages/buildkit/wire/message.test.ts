import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@gantry/errors'
import { bytes, count, flag, int64, list, map, message, nested, text, texts, uint32 } from './message.ts'

const Inner = message({ name: text(1) })
const All = message({
  text: text(1),
  bytes: bytes(2),
  flag: flag(3),
  uint32: uint32(4),
  int64: int64(5),
  count: count(6),
  inner: nested(7, Inner),
  list: list(8, Inner),
  texts: texts(9),
  map: map(200, bytes(2)),
})

test('what is written is read again', () => {
  const value = {
    text: 'ä',
    bytes: Buffer.of(0, 255),
    flag: true,
    uint32: 0xffffffff,
    int64: -(2n ** 62n),
    count: 2 ** 50,
    inner: { name: 'x' },
    list: [{ name: 'a' }, { name: '' }],
    texts: ['', 'b'],
    map: new Map([
      ['k', Buffer.of(1)],
      ['', Buffer.of(2)],
    ]),
  }
  const read = All.decode(All.encode(value))
  assert.deepEqual(read, value)
})

test('the bytes are those of the standard; unknown fields are skipped, absent ones have their default', () => {
  assert.equal(Inner.encode({ name: 'hi' }).toString('hex'), '0a026869')
  assert.equal(All.encode({ flag: false, text: '' }).length, 0)
  const Other = message({ a: text(50), name: text(1), b: uint32(60) })
  assert.deepEqual(Inner.decode(Other.encode({ a: 'x', name: 'n', b: 7 })), { name: 'n' })
  assert.equal(All.decode(new Uint8Array(0)).inner, undefined)
})

test('bytes of any kind are a message or InvalidParameter', () => {
  let seed = 1
  const random = (): number => {
    seed = (seed * 48271) % 0x7fffffff
    return seed / 0x7fffffff
  }
  const good = All.encode({
    text: 'some',
    list: [{ name: 'a' }],
    map: new Map([['k', Buffer.from('v')]]),
    int64: 5n,
  })
  for (let round = 0; round < 20_000; round++) {
    const input = Buffer.from(good.subarray(0, 1 + Math.floor(random() * good.length)))
    for (let change = 0; change < 3; change++)
      input[Math.floor(random() * input.length)] = Math.floor(random() * 256)
    try {
      All.decode(input)
    } catch (error) {
      assert.ok(isKind(error, 'InvalidParameter'), String(error))
    }
  }
})
