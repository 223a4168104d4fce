import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseImageConfig, serializeImageConfig } from './image-config.ts'
import { largestManifest, parseManifest, serializeManifest } from './manifest.ts'
import { mediaTypes } from './media-types.ts'

const digest = `sha256:${'0'.repeat(64)}` as const
const config = { mediaType: mediaTypes.ociConfig, digest, size: 2 }
const layer = { mediaType: mediaTypes.ociLayer, digest, size: 3 }
const body = (value: unknown) => Buffer.from(JSON.stringify(value))

test('a manifest survives being written and read', () => {
  const manifest = {
    kind: 'manifest',
    mediaType: mediaTypes.ociManifest,
    config,
    layers: [layer],
    annotations: { a: 'b' },
  } as const
  const again = parseManifest(serializeManifest({ ...manifest, layers: [layer] }))
  assert.deepEqual(JSON.parse(JSON.stringify(again)), manifest)
})

test('an index keeps the platforms of its manifests', () => {
  const platform = { os: 'linux', architecture: 'arm64', variant: 'v8' }
  const manifests = [{ mediaType: mediaTypes.ociManifest, digest, size: 1, platform }]
  const index = parseManifest(body({ schemaVersion: 2, manifests }))
  assert.deepEqual(index, { kind: 'index', mediaType: mediaTypes.ociIndex, manifests })
})

const confusing: [why: string, bytes: Buffer, mediaType?: string][] = [
  ['both layers and manifests', body({ schemaVersion: 2, config, layers: [], manifests: [] })],
  ['both config and manifests', body({ schemaVersion: 2, config, manifests: [] })],
  ['neither', body({ schemaVersion: 2 })],
  [
    'an index that says it is a manifest',
    body({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, manifests: [] }),
  ],
  ['a manifest announced as an index', body({ schemaVersion: 2, config, layers: [] }), mediaTypes.ociIndex],
  [
    'mediaType other than announced',
    body({ schemaVersion: 2, mediaType: mediaTypes.dockerManifest, config, layers: [] }),
    mediaTypes.ociManifest,
  ],
  ['a key twice', Buffer.from(`{"schemaVersion":2,"manifests":[],"manifests":[]}`)],
  ['a key twice, escaped', Buffer.from(`{"schemaVersion":2,"manifests":[],"manifest\\u0073":[]}`)],
  ['a key in other case', body({ schemaVersion: 2, config, layers: [], Manifests: [] })],
  ['schema 1', body({ schemaVersion: 1, fsLayers: [] })],
  ['schema 1 inside schema 2', body({ schemaVersion: 2, config, layers: [], fsLayers: [] })],
]

for (const [why, bytes, mediaType] of confusing) {
  test(`CVE-2021-41190: rejects ${why}`, () => {
    assert.throws(() => parseManifest(bytes, mediaType), { kind: 'InvalidParameter' })
  })
}

test('CVE-2024-3727: a digest that is a path is not a digest', () => {
  for (const evil of [
    'sha256:../../etc/passwd',
    `sha256:${'0'.repeat(63)}/`,
    `sha512:${'0'.repeat(128)}`,
    'x',
    7,
  ]) {
    const layers = [{ ...layer, digest: evil }]
    assert.throws(() => parseManifest(body({ schemaVersion: 2, config, layers })), {
      kind: 'InvalidParameter',
    })
  }
})

test('CVE-2023-25153: size and depth of a document are bounded', () => {
  const large = Buffer.alloc(largestManifest + 1, ' ')
  assert.throws(() => parseManifest(large), { kind: 'InvalidParameter', message: /larger than/ })
  const deep = Buffer.from('['.repeat(200_000))
  assert.throws(() => parseManifest(deep), { kind: 'InvalidParameter', message: /nested too deeply/ })
})

test('the platform of a member of an index is told on whole', () => {
  const platform = {
    architecture: 'amd64',
    os: 'windows',
    'os.version': '10.0.17763.1879',
    'os.features': ['win32k'],
  }
  const bytes = body({ schemaVersion: 2, manifests: [{ ...layer, platform }] })
  const index = parseManifest(bytes)
  assert.deepEqual(index.kind === 'index' && index.manifests[0]?.platform, platform)
  assert.equal(serializeManifest(index).includes('"os.features":["win32k"]'), true)
})

test('mutated manifests are read or rejected, never anything else', () => {
  const valid = serializeManifest({
    kind: 'manifest',
    mediaType: mediaTypes.ociManifest,
    config,
    layers: [layer],
  })
  for (let at = 0; at < valid.length; at++) {
    for (const byte of [0, 0x22, 0x5c, 0x7d, 0xff, (valid[at] as number) ^ 1]) {
      const mutated = Buffer.from(valid)
      mutated[at] = byte
      try {
        parseManifest(mutated)
      } catch (error) {
        assert.equal((error as { kind?: string }).kind, 'InvalidParameter')
      }
    }
  }
})

test('an image configuration keeps what Docker wrote, without its nulls', () => {
  const file = parseImageConfig(
    body({
      architecture: 'amd64',
      os: 'linux',
      created: '2024-01-01T00:00:00Z',
      config: { Cmd: ['sh'], Env: null, Labels: { __proto__x: 'y' }, Volumes: { '/v': {} }, Hostname: 'h' },
      rootfs: { type: 'layers', diff_ids: [digest] },
      history: [{ created_by: 'x', empty_layer: true }],
    }),
  )
  assert.deepEqual(Object.keys(file.config).sort(), ['Cmd', 'Labels', 'Volumes'])
  assert.deepEqual(file.diffIds, [digest])
  const again = parseImageConfig(serializeImageConfig(file))
  assert.deepEqual(JSON.parse(JSON.stringify(again)), JSON.parse(JSON.stringify(file)))
})

test('an image configuration of wrong types is rejected', () => {
  const rootfs = { type: 'layers', diff_ids: [digest] }
  const wrong = [
    { rootfs: { type: 'other' } },
    { rootfs: { type: 'layers', diff_ids: ['sha256:../x'] } },
    { rootfs, config: { Cmd: 'sh' } },
    { rootfs, config: { Labels: { a: 1 } } },
    { rootfs, config: [] },
    { rootfs, history: [1] },
  ]
  for (const value of wrong) assert.throws(() => parseImageConfig(body(value)), { kind: 'InvalidParameter' })
})
