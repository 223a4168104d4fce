import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BuildResult } from '@gantry/build'
import { type Digest, digestOf, inlineCacheField } from '@gantry/oci'
import { type CacheConfig, parseCacheConfig, serializeCacheConfig } from './cache-config.ts'
import { inlineCacheIn, withInlineCache } from './inline.ts'
import { parseSource, parseTarget } from './specs.ts'

const digest = (text: string): Digest => digestOf(Buffer.from(text))
const layer = (name: string, parent: number): CacheConfig['layers'][number] => ({
  ...{ blob: digest(name), mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', size: 7 },
  ...{ diffId: digest(`${name} plain`), parent },
})

const config: CacheConfig = {
  layers: [layer('a', -1), layer('b', 0), layer('c', 0)],
  entries: [{ key: 'ab'.repeat(32), layer: 2, createdAt: '2026-01-02T03:04:05.000Z' }],
}

test('a cache configuration comes back as it was written', () => {
  assert.deepEqual(parseCacheConfig(serializeCacheConfig(config)), config)
})

test('records of other builders that have no layer are passed over', () => {
  const body = { layers: [], records: [{ digest: digest('x'), inputs: [[{ link: 0 }]] }] }
  assert.deepEqual(parseCacheConfig(Buffer.from(JSON.stringify(body))), { layers: [], entries: [] })
})

test('what is malformed is refused, whatever of it is broken', () => {
  const broken: ((body: {
    layers: Record<string, unknown>[]
    records: Record<string, unknown>[]
  }) => void)[] = [
    ({ layers }) => Object.assign(layers[1] ?? {}, { parent: 1 }),
    ({ layers }) => Object.assign(layers[0] ?? {}, { parent: 2 }),
    ({ layers }) => Object.assign(layers[0] ?? {}, { blob: 'sha256:../../etc' }),
    ({ layers }) => Object.assign(layers[0] ?? {}, { annotations: { diffID: digest('x'), size: '-1' } }),
    ({ layers }) => Object.assign(layers[0] ?? {}, { annotations: null }),
    ({ records }) => Object.assign(records[0] ?? {}, { layers: [{ layer: 3 }] }),
    ({ records }) => Object.assign(records[0] ?? {}, { digest: 'ab' }),
    (body) => Object.assign(body, { records: {} }),
  ]
  for (const change of broken) {
    const body = JSON.parse(serializeCacheConfig(config).toString())
    change(body)
    assert.throws(() => parseCacheConfig(Buffer.from(JSON.stringify(body))), { kind: 'InvalidParameter' })
  }
  for (const text of ['', 'null', '[]', '{'])
    assert.throws(() => parseCacheConfig(Buffer.from(text)), { kind: 'InvalidParameter' })
})

test('bytes that are changed at random are read or refused, never more', () => {
  const bytes = serializeCacheConfig(config)
  for (let round = 0; round < 2000; round++) {
    const changed = Buffer.from(bytes)
    for (let times = 0; times < 3; times++)
      changed[Math.floor(Math.random() * changed.length)] = Math.floor(Math.random() * 128)
    try {
      const { layers, entries } = parseCacheConfig(changed)
      for (const [index, { parent }] of layers.entries()) assert.ok(parent >= -1 && parent < index)
      for (const entry of entries) assert.ok(layers[entry.layer])
    } catch (error) {
      assert.equal((error as { kind?: string }).kind, 'InvalidParameter', changed.toString())
    }
  }
})

test('options of caches', () => {
  const source = parseSource('app:cache')
  assert.equal(source.type === 'registry' && source.reference.tag, 'cache')
  const target = parseTarget('type=registry,ref=a/b:c,mode=max,ignore-error=true', 0)
  assert.ok(target !== 'inline')
  const { all, imageManifest, ignoreError } = target
  assert.deepEqual([all, imageManifest, ignoreError], [true, true, true])
  assert.equal(parseTarget('type=inline', 0), 'inline')
  assert.throws(() => parseTarget('type=inline,mode=max', 0), { kind: 'NotImplemented' })
  for (const text of ['type=registry', 'type=registry,ref=a,mode=most', 'type=registry,ref=a,x=y', 'ref=a,b'])
    assert.throws(() => parseTarget(text, 0), { kind: 'InvalidParameter' })
  assert.throws(() => parseTarget('type=gha', 0), { kind: 'NotImplemented' })
})

test('caches in directories of the client: neither their paths nor their tags are told', () => {
  const target = parseTarget('type=local,mode=max,image-manifest=false', 3)
  assert.deepEqual(target, {
    to: { type: 'client', place: 3 },
    ...{ all: true, imageManifest: false, ignoreError: false },
    compression: { type: 'gzip', force: false },
  })
  const small = parseTarget('type=local,compression=zstd,compression-level=19,force-compression=true', 3)
  assert.deepEqual(small !== 'inline' && small.compression, { type: 'zstd', level: 19, force: true })
  const source = { type: 'session', directory: '.cache-0', digest: digest('top') }
  assert.deepEqual(parseSource(`type=local,src=.cache-0,digest=${digest('top')}`), source)
  for (const text of [
    'type=local,dest=/etc',
    'type=local,tag=a',
    'type=local,ref=a',
    'type=local,mode=',
    'type=local,compression=xz',
  ])
    assert.throws(() => parseTarget(text, 0), { kind: 'InvalidParameter' })
  for (const text of ['', ',src=a', ',src=a,digest=sha256:../x', `,digest=${digest('top')}`])
    assert.throws(() => parseSource(`type=local${text}`), { kind: 'InvalidParameter' })
})

test('a cache in an image tells of the steps whose layers it has', () => {
  const digestOf = (letter: string): Digest => `sha256:${letter.repeat(64)}` as Digest
  const layers = ['a', 'b', 'c'].map((letter) => ({
    diffId: digestOf(letter),
    chainId: digestOf(letter),
    size: 1,
  }))
  const record = (key: string, letters: string) => ({
    key: key.repeat(64),
    createdAt: '2020-01-01T00:00:00.000Z',
    snapshot: {
      layers: [...letters].map((letter) => ({
        diffId: digestOf(letter),
        chainId: digestOf(letter),
        size: 1,
      })),
    },
  })
  const result = {
    snapshot: { layers },
    records: [record('2', 'abc'), record('1', 'ab'), record('3', 'ad'), record('4', ''), record('1', 'ab')],
    config: { diffIds: layers.map(({ diffId }) => diffId) },
  } as unknown as BuildResult
  const file = withInlineCache(result).config
  const bytes = Buffer.from(JSON.stringify({ ...file, rootfs: { type: 'layers', diff_ids: file.diffIds } }))
  const blobs = ['e', 'f', '0'].map((letter) => ({ mediaType: 'm', digest: digestOf(letter), size: 5 }))
  const config = inlineCacheIn(bytes, blobs) ?? assert.fail()
  assert.deepEqual(
    config.entries.map(({ key, layer }) => [key[0], layer]),
    [
      ['1', 1],
      ['2', 2],
    ],
  )
  assert.deepEqual(
    config.layers.map(({ blob, diffId, parent }) => [blob[7], diffId[7], parent]),
    [
      ['e', 'a', -1],
      ['f', 'b', 0],
      ['0', 'c', 1],
    ],
  )
  assert.equal(inlineCacheIn(Buffer.from('{"rootfs":{}}'), []), null)
  assert.throws(() => inlineCacheIn(bytes, blobs.slice(1)), /the image has other layers/)
  for (const field of [
    5,
    'e30=',
    '!',
    Buffer.from('[{"digest":"x","layers":[{"layer":0}]}]').toString('base64'),
  ])
    assert.throws(() =>
      inlineCacheIn(
        Buffer.from(JSON.stringify({ ...JSON.parse(String(bytes)), [inlineCacheField]: field })),
        blobs,
      ),
    )
})
