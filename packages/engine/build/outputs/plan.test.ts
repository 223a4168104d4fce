import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BuildOutput } from '../../contracts.ts'
import { annotationsFor, annotationsIn, checkAnnotations } from './annotations.ts'
import { planOutputs } from './plan.ts'

const one = (type: string, attributes: Record<string, string> = {}, tags = ['app']) =>
  planOutputs([{ type, attributes }], tags)[0]

test('outputs that nothing is said of', () => {
  const [image] = planOutputs([], ['app'])
  assert.ok(image?.kind === 'image' && image.store && !image.push && image.compression === null)
  assert.deepEqual(
    image.names.map(({ path, tag }) => [path, tag]),
    [['library/app', 'latest']],
  )
  assert.deepEqual(one('cacheonly'), { kind: 'nothing' })
})

test('a single platform can be given out as several are', () => {
  const asked: BuildOutput[] = [
    { type: 'image', attributes: {} },
    { type: 'local', attributes: {} },
    { type: 'tar', attributes: { 'platform-split': 'false' } },
    { type: 'cacheonly', attributes: {} },
  ]
  const several = planOutputs(asked, ['app'], true).map((plan) =>
    plan.kind === 'files' ? plan.platformSplit : plan.kind !== 'nothing' && plan.asIndex,
  )
  assert.deepEqual(several, [true, true, false, false])
})

test('what goes to a registry is compressed', () => {
  const pushed = one('registry')
  assert.ok(pushed?.kind === 'image' && pushed.push)
  assert.deepEqual(pushed.compression, { type: 'gzip', force: false })
  const plain = one('image', { push: '', compression: 'uncompressed' })
  assert.ok(plain?.kind === 'image' && plain.push)
  assert.deepEqual(plain.compression, { type: 'uncompressed', force: false })
  assert.deepEqual(one('oci', { 'compression-level': '3' }), {
    ...one('oci'),
    compression: { type: 'gzip', level: 3, force: false },
  })
})

test('what is not understood is refused', () => {
  const cases: [string, Record<string, string>, RegExp][] = [
    ['constructor', {}, /exporter "constructor" could not be found/],
    ['local', { name: 'x' }, /unknown attribute "name"/],
    ['oci', { tar: 'maybe' }, /non-bool value maybe specified for tar/],
    ['image', { push: 'maybe' }, /non-bool value maybe specified for push/],
    ['image', { compression: 'zstd', 'compression-level': '23' }, /compression-level/],
    ['image', { 'registry.insecure': 'true' }, /insecure-registries/],
    ['image', { 'annotation-x.a': 'b' }, /invalid annotation/],
    ['image', { name: 'A' }, /invalid reference format|must be lowercase/],
  ]
  for (const [type, attributes, expected] of cases) assert.throws(() => one(type, attributes), expected)
})

test('annotations of levels and platforms', () => {
  const arm = { os: 'linux', architecture: 'arm64' }
  const intel = { os: 'linux', architecture: 'amd64' }
  const annotations = annotationsIn({
    'annotation.a': '1',
    'annotation-manifest[linux/arm64].b.c': '2',
    'annotation-index.d': '3',
  })
  assert.deepEqual(annotationsFor(annotations, 'manifest', arm), { annotations: { a: '1', 'b.c': '2' } })
  assert.deepEqual(annotationsFor(annotations, 'manifest', intel), { annotations: { a: '1' } })
  assert.deepEqual(annotationsFor(annotations, 'index-descriptor'), {})
  checkAnnotations(annotations, [arm, intel], true)
  assert.throws(() => checkAnnotations(annotations, [arm, intel], false), /not supported for single platform/)
  assert.throws(() => checkAnnotations(annotations, [intel], true), /linux\/arm64, which is not built/)
})
