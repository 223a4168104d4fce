/** What the tests of the registry client share: a client for one test, images to push, a registry that answers as told. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import type { TestContext } from 'node:test'
import {
  type Access,
  createRegistries,
  type Descriptor,
  defaultLimits,
  defaultRegistryConfig,
  digestOf,
  mediaTypes,
  parseReference,
  type Registries,
  type RegistryConfig,
  type Repository,
} from '@gantry/oci'

/** Short times, so that a test that waits for one is soon over. */
export const quick: RegistryConfig = {
  ...defaultRegistryConfig,
  limits: { ...defaultLimits, attempts: 3, longestRetryAfter: 3000 },
}

/** A client of registries that gives up soon, closed after the test. */
export function registriesFor(t: TestContext, config: Partial<RegistryConfig> = {}): Registries {
  const registries = createRegistries({ ...quick, ...config })
  t.after(() => registries.close())
  return registries
}

/** `some/image` of the registry at `host`. */
export function repositoryAt(
  t: TestContext,
  host: string,
  access: Access = { action: 'push' },
  config: Partial<RegistryConfig> = {},
): Repository {
  return registriesFor(t, config).repository(parseReference(`${host}/some/image`), access)
}

/** How a manifest names these bytes. */
export const descriptorOf = (bytes: Buffer, mediaType: string = mediaTypes.ociLayer): Descriptor => ({
  mediaType,
  digest: digestOf(bytes),
  size: bytes.length,
})

/** A blob as an upload reads it: from any offset, in several pieces. */
export const sourceOf = (bytes: Buffer) => (offset: number) => Readable.from(pieces(bytes.subarray(offset)))

function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
}

/** Pushes an image with one layer. */
export async function pushImage(repository: Repository, layer: Buffer, tag = 'one') {
  const file = { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [] } }
  const config = Buffer.from(JSON.stringify(file))
  const configDescriptor = descriptorOf(config, mediaTypes.ociConfig)
  const layerDescriptor = descriptorOf(layer)
  await repository.uploadBlob(configDescriptor, sourceOf(config))
  await repository.uploadBlob(layerDescriptor, sourceOf(layer))
  const bytes = manifestBytes(configDescriptor, [layerDescriptor])
  const descriptor = await repository.putManifest(tag, { mediaType: mediaTypes.ociManifest, bytes })
  return { descriptor, bytes, layer: layerDescriptor, config: configDescriptor }
}

/** An OCI manifest of a configuration and layers, with `more` fields beside them. */
export function manifestBytes(config: Descriptor, layers: Descriptor[], more: object = {}): Buffer {
  const mediaType = mediaTypes.ociManifest
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config, layers, ...more }))
}

export interface Stub {
  readonly host: string
  readonly url: string
  readonly requests: { method: string; path: string; authorization: string | undefined }[]
}

/** A server that answers with `answer`; everything it does not end is 404. */
export async function startStub(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse, path: string) => void,
  address = '127.0.0.1',
): Promise<Stub> {
  const requests: Stub['requests'] = []
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    requests.push({ method: request.method ?? '', path, authorization: request.headers.authorization })
    request.resume()
    answer(request, response, path)
  })
  server.listen(0, address)
  await once(server, 'listening')
  t.after(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  const host = `${address}:${(server.address() as AddressInfo).port}`
  return { host, url: `http://${host}`, requests }
}
