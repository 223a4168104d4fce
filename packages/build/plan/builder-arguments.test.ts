import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asSeveralPlatforms, cacheMountId, sandboxHostname } from './builder-arguments.ts'

const given = (name: string, value: string): ReadonlyMap<string, string> => new Map([[name, value]])

test('the name of the machine that a step sees is one word', () => {
  assert.equal(sandboxHostname(new Map()), null)
  assert.equal(sandboxHostname(given('BUILDKIT_SANDBOX_HOSTNAME', '')), null)
  assert.equal(sandboxHostname(given('BUILDKIT_SANDBOX_HOSTNAME', 'ci-7.example')), 'ci-7.example')
  for (const name of ['a b', 'a\n1.2.3.4 b', '-a', '../a', 'x'.repeat(65)])
    assert.throws(
      () => sandboxHostname(given('BUILDKIT_SANDBOX_HOSTNAME', name)),
      { kind: 'InvalidParameter' },
      name,
    )
})

test('cache mounts have a namespace when one is given', () => {
  assert.equal(cacheMountId(new Map(), '/root/.npm'), '/root/.npm')
  assert.equal(cacheMountId(given('BUILDKIT_CACHE_MOUNT_NS', 'team'), '/root/.npm'), 'team/root/.npm')
  assert.equal(cacheMountId(given('BUILDKIT_CACHE_MOUNT_NS', 'team'), 'npm'), 'team/npm')
})

test('one platform as several', () => {
  const asked = (value: string, platforms = 1): boolean =>
    asSeveralPlatforms(given('BUILDKIT_MULTI_PLATFORM', value), platforms)
  assert.deepEqual(
    ['', '0', 'false', '1', 'True'].map((value) => asked(value)),
    [false, false, false, true, true],
  )
  assert.throws(() => asked('maybe'), { message: 'invalid boolean value for multi-platform: maybe' })
  assert.throws(() => asked('0', 2), { message: 'returning multiple target platforms is not allowed' })
})
