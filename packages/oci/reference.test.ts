import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalName, familiarName, parseReference, withDefaultTag } from './reference.ts'

const hex = 'a'.repeat(64)

const good: [text: string, canonical: string, familiar: string][] = [
  ['busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
  ['busybox:1.36', 'docker.io/library/busybox:1.36', 'busybox:1.36'],
  ['user/app', 'docker.io/user/app:latest', 'user/app:latest'],
  ['docker.io/busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
  ['index.docker.io/busybox:2', 'docker.io/library/busybox:2', 'busybox:2'],
  ['library/a/b', 'docker.io/library/a/b:latest', 'library/a/b:latest'],
  ['localhost/app', 'localhost/app:latest', 'localhost/app:latest'],
  ['localhost:5000/app:v1', 'localhost:5000/app:v1', 'localhost:5000/app:v1'],
  ['[::1]:5000/app', '[::1]:5000/app:latest', '[::1]:5000/app:latest'],
  ['Reg/app', 'Reg/app:latest', 'Reg/app:latest'],
  ['a__b/c-d.e_f', 'docker.io/a__b/c-d.e_f:latest', 'a__b/c-d.e_f:latest'],
  ['x@sha256:'.concat(hex), `docker.io/library/x@sha256:${hex}`, `x@sha256:${hex}`],
  ['x:1@sha256:'.concat(hex), `docker.io/library/x:1@sha256:${hex}`, `x:1@sha256:${hex}`],
]

for (const [text, canonical, familiar] of good) {
  test(`reference ${text.slice(0, 40)}`, () => {
    const reference = withDefaultTag(parseReference(text))
    assert.equal(canonicalName(reference), canonical)
    assert.equal(familiarName(reference), familiar)
    assert.deepEqual(parseReference(familiar), reference)
  })
}

const bad: [text: string, message: string][] = [
  ['', 'invalid reference format'],
  ['spec image', 'invalid reference format'],
  ['busybox:la:test', 'invalid reference format'],
  ['busybox:', 'invalid reference format'],
  ['a//b', 'invalid reference format'],
  ['../etc', 'invalid reference format'],
  ['a/../b', 'invalid reference format'],
  ['-a', 'invalid reference format'],
  [`x:${'t'.repeat(129)}`, 'invalid reference format'],
  ['x@sha256:abc', 'invalid reference format'],
  ['x@sha256:../../etc', 'invalid reference format'],
  ['Bad:Name', 'invalid reference format: repository name (library/Bad) must be lowercase'],
  ['Bad/UPPER', 'invalid reference format: repository name (UPPER) must be lowercase'],
  [hex, `invalid repository name (${hex}), cannot specify 64-byte hexadecimal strings`],
]

for (const [text, message] of bad) {
  test(`not a reference: ${text.slice(0, 40)}`, () => {
    assert.throws(() => parseReference(text), { kind: 'InvalidParameter', message })
  })
}

test('random text is a reference with one spelling, or an error, in little time', () => {
  const alphabet = 'aZ09._-/:@[]\\ \0é'
  const random = seeded(7)
  const started = performance.now()
  for (let round = 0; round < 20_000; round++) {
    const length = Math.floor(random() * 24)
    const text = Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)]).join('')
    try {
      const reference = parseReference(text)
      assert.deepEqual(parseReference(canonicalName(reference)), reference, text)
    } catch (error) {
      assert.equal((error as { kind?: string }).kind, 'InvalidParameter', text)
    }
  }
  for (const evil of [
    `${'a'.repeat(2000)}!`,
    `${'a-'.repeat(1000)}!`,
    `${'a.'.repeat(900)}/${'_'.repeat(200)}`,
  ]) {
    assert.throws(() => parseReference(evil), { kind: 'InvalidParameter' })
  }
  assert.ok(performance.now() - started < 60_000)
})

/** A small linear congruential generator: failures repeat. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1103515245 + 12345) % 2 ** 31
    return state / 2 ** 31
  }
}
