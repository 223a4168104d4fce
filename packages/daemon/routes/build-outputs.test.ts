import assert from 'node:assert/strict'
import { test } from 'node:test'
import { outputs } from './build-outputs.ts'

test('outputs as the Engine API has them, and by the names of exporters', () => {
  assert.deepEqual(outputs(''), [])
  assert.deepEqual(
    outputs(
      '[{"Type":"moby","Attrs":{"type":"image","compression":"zstd"}},{"Type":"moby"},{"Type":"tar","Attrs":{}}]',
    ).map(({ type, attributes }) => [type, { ...attributes }]),
    [
      ['image', { compression: 'zstd' }],
      ['image', {}],
      ['tar', {}],
    ],
  )
  for (const bad of [
    'x',
    '{}',
    '[1]',
    '[{}]',
    '[{"Type":"tar","Attrs":{"a":1}}]',
    '[],"list":[]',
    `[${'['.repeat(99)}`,
  ])
    assert.throws(() => outputs(bad), { kind: 'InvalidParameter' })
})
