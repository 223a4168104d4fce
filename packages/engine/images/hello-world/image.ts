/** The `hello-world` image as an archive: an OCI layout with one image for each processor, made from nothing. */
import { Readable } from 'node:stream'
import {
  type Descriptor,
  digestOf,
  entryHeader,
  hexOf,
  mediaTypes,
  serializeImageConfig,
  serializeManifest,
  type TarInput,
  tarOf,
} from '@gantry/oci'
import { printingExecutable } from './elf.ts'
import { welcome } from './welcome.ts'

/** Fixed, so that the image is the same bytes everywhere and always. */
const created = '2026-01-01T00:00:00Z'

export const helloWorldName = 'docker.io/library/hello-world:latest'

/** The archive, as `load` takes it. */
export function helloWorldArchive(): Readable {
  return Readable.from(archive(), { objectMode: false })
}

async function* archive(): AsyncGenerator<Buffer> {
  const files = new Map<string, Buffer>()
  const add = (mediaType: string, bytes: Buffer): Descriptor => {
    const digest = digestOf(bytes)
    files.set(`blobs/sha256/${hexOf(digest)}`, bytes)
    return { mediaType, digest, size: bytes.length }
  }
  const manifests: Descriptor[] = []
  for (const architecture of ['amd64', 'arm64'] as const) {
    manifests.push({ ...(await addImage(architecture, add)), platform: { os: 'linux', architecture } })
  }
  const index = add(
    mediaTypes.ociIndex,
    serializeManifest({ kind: 'index', mediaType: mediaTypes.ociIndex, manifests }),
  )
  const named = { ...index, annotations: { 'io.containerd.image.name': helloWorldName } }
  files.set('oci-layout', Buffer.from(JSON.stringify({ imageLayoutVersion: '1.0.0' })))
  files.set(
    'index.json',
    serializeManifest({ kind: 'index', mediaType: mediaTypes.ociIndex, manifests: [named] }),
  )
  yield await tarOf([...files].map(([name, bytes]) => file(name, bytes)))
}

async function addImage(
  architecture: 'amd64' | 'arm64',
  add: (mediaType: string, bytes: Buffer) => Descriptor,
): Promise<Descriptor> {
  const layer = await tarOf([file('hello', printingExecutable(architecture, welcome), 0o755)])
  const config = serializeImageConfig({
    os: 'linux',
    architecture,
    created,
    config: {
      Cmd: ['/hello'],
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      WorkingDir: '/',
    },
    diffIds: [digestOf(layer)],
    history: [
      { created, created_by: 'COPY hello /' },
      { created, created_by: 'CMD ["/hello"]', empty_layer: true },
    ],
  })
  return add(
    mediaTypes.ociManifest,
    serializeManifest({
      kind: 'manifest',
      mediaType: mediaTypes.ociManifest,
      config: add(mediaTypes.ociConfig, config),
      layers: [add(mediaTypes.ociLayer, layer)],
    }),
  )
}

function file(name: string, bytes: Buffer, mode = 0o644): TarInput {
  const modified = { seconds: Date.parse(created) / 1000, nanoseconds: 0 }
  return { header: entryHeader({ name, type: 'file', mode, size: bytes.length, modified }), content: [bytes] }
}
