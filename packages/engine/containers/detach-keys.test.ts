import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { DetachScanner, parseDetachKeys } from './detach-keys.ts'

test('keys are written as Docker writes them', () => {
  assert.deepEqual([...parseDetachKeys('')], [16, 17])
  assert.deepEqual([...parseDetachKeys('ctrl-p,ctrl-q')], [16, 17])
  assert.deepEqual([...parseDetachKeys('a,ctrl-@,ctrl-[,ctrl-_')], [97, 0, 27, 31])
  for (const wrong of ['ctrl-', 'ctrl-1', 'ctrl-p,,q', 'ab', 'é']) {
    assert.throws(() => parseDetachKeys(wrong), {
      message: new RegExp(`^Invalid detach keys \\(${wrong}\\) provided: Unknown character: '`),
    })
  }
})

test('a broken-off beginning of the keys is passed on', () => {
  const scanner = new DetachScanner(Buffer.from([16, 17]))
  assert.deepEqual(scanner.scan(Buffer.from([97, 16])), { pass: Buffer.from([97]), detached: false })
  assert.deepEqual(scanner.scan(Buffer.from([16])), { pass: Buffer.from([16]), detached: false })
  assert.deepEqual(scanner.scan(Buffer.from([98])), { pass: Buffer.from([16, 98]), detached: false })
  assert.deepEqual(scanner.scan(Buffer.from([16, 17, 99])), { pass: Buffer.alloc(0), detached: true })
})

test('however input is cut up, everything before the first occurrence of the keys passes, and nothing else', () => {
  for (let round = 0; round < 2000; round++) {
    const random = (length: number) => Buffer.from(Array.from({ length }, () => 97 + randomInt(2)))
    const keys = random(1 + randomInt(4))
    const input = random(randomInt(30))
    const at = input.indexOf(keys)
    const scanner = new DetachScanner(keys)
    const passed: Buffer[] = []
    let detached = false
    for (let offset = 0; offset < input.length && !detached; ) {
      const piece = input.subarray(offset, offset + 1 + randomInt(4))
      offset += piece.length
      const result = scanner.scan(piece)
      passed.push(result.pass)
      detached = result.detached
    }
    const text = Buffer.concat(passed)
    assert.equal(detached, at >= 0)
    if (detached) assert.deepEqual(text, input.subarray(0, at))
    else assert.ok(input.subarray(0, text.length).equals(text) && input.length - text.length < keys.length)
  }
})
