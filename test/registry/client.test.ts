import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import {
  type Access,
  createRegistries,
  type Descriptor,
  defaultLimits,
  defaultRegistryConfig,
  digestOf,
  mediaTypes,
  parseReference,
  type RegistryConfig,
  type Repository,
} from '@gantry/oci'
import { startRegistry } from './registry.ts'

const quick: RegistryConfig = {
  ...defaultRegistryConfig,
  limits: { ...defaultLimits, connectTimeout: 2000, idleTimeout: 1000 },
}

function repositoryAt(
  t: TestContext,
  host: string,
  access: Access = { action: 'push' },
  config: Partial<RegistryConfig> = {},
): Repository {
  const registries = createRegistries({ ...quick, ...config })
  t.after(() => registries.close())
  return registries.repository(parseReference(`${host}/some/image`), access)
}

const descriptorOf = (bytes: Buffer, mediaType: string = mediaTypes.ociLayer): Descriptor => ({
  mediaType,
  digest: digestOf(bytes),
  size: bytes.length,
})

const sourceOf = (bytes: Buffer) => (offset: number) => Readable.from(chunksOf(bytes.subarray(offset)))

function* chunksOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
}

/** Pushes an image with one layer; resolves with its parts. */
async function pushImage(repository: Repository, layer: Buffer, tag = 'one') {
  const config = Buffer.from(
    JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [] } }),
  )
  const parts = [descriptorOf(config, mediaTypes.ociConfig), descriptorOf(layer)] as const
  await repository.uploadBlob(parts[0], sourceOf(config))
  await repository.uploadBlob(parts[1], sourceOf(layer))
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: parts[0],
      layers: [parts[1]],
    }),
  )
  const descriptor = await repository.putManifest(tag, { mediaType: mediaTypes.ociManifest, bytes })
  return { descriptor, bytes, layer: parts[1] }
}

for (const [name, options, credentials] of [
  ['no authentication', {}, {}],
  ['basic authentication', { htpasswd: { ann: 'secret' } }, { username: 'ann', password: 'secret' }],
  ['bearer tokens', { token: { users: { ann: 'secret' } } }, { username: 'ann', password: 'secret' }],
  ['TLS', { tls: true }, {}],
  [
    'TLS and bearer tokens',
    { tls: true, token: { users: { ann: 'secret' } } },
    { username: 'ann', password: 'secret' },
  ],
] as const) {
  test(`what is pushed comes back: ${name}`, async (t) => {
    const registry = await startRegistry(options, t)
    const repository = repositoryAt(t, registry.host, { action: 'delete', credentials })
    const layer = randomBytes(3_000_000)
    const pushed = await pushImage(repository, layer)

    assert.deepEqual(await repository.resolve('one'), pushed.descriptor)
    const fetched = await repository.manifest(pushed.descriptor.digest)
    assert.deepEqual(fetched.bytes, pushed.bytes)
    assert.deepEqual(fetched.descriptor, pushed.descriptor)
    assert.equal(fetched.host, registry.host)
    assert.deepEqual(await repository.tags(), ['one'])
    assert.equal(await repository.hasBlob(pushed.layer.digest), true)
    assert.equal(await repository.hasBlob(digestOf('nothing')), false)

    const whole = await repository.blob(pushed.layer)
    assert.equal(whole.offset, 0)
    assert.deepEqual(await buffer(whole.stream), layer)
    const rest = await repository.blob(pushed.layer, { offset: 2_000_000 })
    assert.equal(rest.offset, 2_000_000)
    assert.deepEqual(await buffer(rest.stream), layer.subarray(2_000_000))
    assert.equal(
      (await buffer((await repository.blob(pushed.layer, { offset: layer.length })).stream)).length,
      0,
    )

    await repository.deleteManifest(pushed.descriptor.digest)
    await assert.rejects(repository.resolve('one'), {
      reason: 'manifest-unknown',
      message: 'manifest unknown: manifest unknown',
    })
  })
}
