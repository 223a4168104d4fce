import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { isKind } from '@gantry/errors'
import { isMode, parseBindSpec } from './bind-spec.ts'

test('-v takes one, two or three parts', () => {
  const blank = { source: '', mode: '', readOnly: false, copyUp: true, propagation: '' }
  assert.deepEqual(parseBindSpec('/x'), { ...blank, destination: '/x' })
  assert.deepEqual(parseBindSpec('data:/x'), { ...blank, source: 'data', destination: '/x' })
  assert.deepEqual(parseBindSpec('/srv:/x:ro,rslave'), {
    source: '/srv',
    destination: '/x',
    mode: 'ro,rslave',
    readOnly: true,
    copyUp: true,
    propagation: 'rslave',
  })
  assert.equal(parseBindSpec('data:/x:nocopy').copyUp, false)
})

test('what -v cannot mean is refused in Docker’s words', () => {
  const cases: [string, string][] = [
    ['rel:/x:zz', 'invalid mode: zz'],
    ['/srv:/x:badmode', 'invalid mode: badmode'],
    ['/a:/b:ro:rw', "invalid volume specification: '/a:/b:ro:rw'"],
    [':/x', "invalid volume specification: ':/x'"],
    ['/foo:rw', "invalid volume specification: '/foo:rw'"],
    ['', "invalid volume specification: ''"],
    ['/a:/b:', 'invalid mode: '],
  ]
  for (const [raw, message] of cases) assert.throws(() => parseBindSpec(raw), { message })
})

test('a mode has one word of a kind', () => {
  for (const good of ['ro', 'rw,z', 'Z,nocopy,ro', 'delegated,rshared']) assert.ok(isMode(good), good)
  for (const bad of ['', 'ro,rw', 'z,Z', 'ro,ro', 'shared,slave', 'ro,', 'RO']) assert.ok(!isMode(bad), bad)
})

test('any text is either parsed or refused as the user’s mistake', () => {
  const alphabet = ['/', ':', 'a', 'ro', 'rw', ',', '.', 'z', 'nocopy', ' ']
  for (let round = 0; round < 5000; round++) {
    const raw = Array.from({ length: randomInt(8) }, () => alphabet[randomInt(alphabet.length)]).join('')
    try {
      const spec = parseBindSpec(raw)
      const { source, destination, mode } = spec
      const written = [destination, `${source}:${destination}`, `${source}:${destination}:${mode}`]
      assert.ok(written.includes(raw), raw)
    } catch (error) {
      assert.ok(isKind(error, 'InvalidParameter'), raw)
    }
  }
})
