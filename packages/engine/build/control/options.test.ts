import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attestOptions } from '../attest/options.ts'
import { requestedCaches } from '../cache/requested.ts'
import { type Caches, frontendRequest } from './options.ts'

const digest = `sha256:${'a'.repeat(64)}`
const none: Caches = { imports: [], exports: [] }
const option = (type: string, attributes: Record<string, string> = {}) => ({
  type,
  attributes: new Map(Object.entries(attributes)),
})
const requested = (caches: Partial<Caches>, options: Record<string, string> = {}) =>
  requestedCaches(frontendRequest(new Map(Object.entries(options)), 's', [], { ...none, ...caches }))

test('caches as docker buildx names them: in a registry, a directory, the image', () => {
  const { sources, targets, inline } = requested({
    imports: [option('registry', { ref: 'a/b:c' }), option('local', { src: '/a, b', digest, tag: 'x' })],
    exports: [
      option('inline'),
      option('registry', { ref: 'a/b:c', mode: 'max' }),
      option('local', { dest: '/a, b', tag: 'x', 'ignore-error': 'true' }),
    ],
  })
  assert.equal(inline, true)
  assert.equal(sources[0]?.type, 'registry')
  assert.deepEqual(sources[1], { type: 'store', store: 'local:/a, b', digest })
  assert.deepEqual(
    targets.map(({ to, all, ignoreError }) => [to.type, all, ignoreError]),
    [
      ['registry', true, false],
      ['store', false, true],
    ],
  )
  assert.deepEqual(targets[1]?.to, { type: 'store', store: 'local:/a, b' })
})

test('the inline cache by a build argument, which stays one', () => {
  const name = 'build-arg:BUILDKIT_INLINE_CACHE'
  assert.equal(requested({}, { [name]: '1' }).inline, true)
  assert.equal(requested({}, { [name]: '0' }).inline, false)
  assert.deepEqual(
    frontendRequest(new Map([[name, '1']]), '', [], none).args,
    new Map([['BUILDKIT_INLINE_CACHE', '1']]),
  )
})

test('caches that are not there to be had are refused by their names', () => {
  assert.throws(() => requested({ exports: [option('gha')] }), /of type "gha" is not available/)
  assert.throws(() => requested({ imports: [option('s3')] }), /of type "s3" is not available/)
  assert.throws(() => requested({ imports: [option('local', { src: '/a' })] }), /needs src and digest/)
  assert.throws(() => requested({ exports: [option('local')] }), /needs dest/)
  assert.throws(() => requested({ exports: [option('registry', { ref: 'a', x: 'y' })] }), /field "x"/)
})

test('options that are not known are refused, those said twice are not', () => {
  const asked = (name: string) => frontendRequest(new Map([[name, '1']]), '', [], none)
  assert.throws(() => asked('nonsense'), /option "nonsense" is not available/)
  asked('cache-imports')
})

test('what buildx tells of the repository that a context is in goes to the provenance', () => {
  const told = {
    'vcs:source': 'https://example.org/a.git',
    'vcs:revision': 'abc',
    'vcs:localdir:context': '.',
  }
  assert.deepEqual(frontendRequest(new Map(Object.entries(told)), '', [], none).repository, {
    source: 'https://example.org/a.git',
    revision: 'abc',
    'localdir:context': '.',
  })
})

test('attestations as docker buildx asks for them', () => {
  const asked = {
    'attest:provenance': 'type=provenance,builder-id=https://ci.example.org/1,mode=max',
    'attest:sbom': 'type=sbom',
  }
  const { provenance, sbom } = attestOptions(
    frontendRequest(new Map(Object.entries(asked)), '', [], none).attests,
  )
  assert.deepEqual([provenance?.mode, provenance?.builderId, sbom], ['max', 'https://ci.example.org/1', true])
  const unasked = new Map([['attest:provenance', 'mode=min,inline-only=true']])
  assert.deepEqual(frontendRequest(unasked, '', [], none).attests, {})
})
