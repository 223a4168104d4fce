import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  type Descriptor,
  digestOf,
  type Index,
  mediaTypes,
  parseManifest,
  serializeManifest,
} from '@gantry/oci'
import { readOciLayout } from './oci-layout.ts'
import { Spooled } from './spool.ts'
import { loadStores } from './testing.ts'

const host = { os: 'linux', architecture: 'amd64' }

async function bench(t: TestContext) {
  const { content, hold } = await loadStores(t)
  const put = async (mediaType: string, bytes: Buffer): Promise<Descriptor> => ({
    mediaType,
    ...(await hold.put(bytes)),
  })
  const read = async (index: Buffer, referrers?: Buffer) => {
    const spooled = new Spooled()
    spooled.addFile('index.json', await hold.put(index))
    if (referrers) spooled.addFile('referrers.json', await hold.put(referrers))
    return readOciLayout(spooled, content, hold, host)
  }
  return { put, read }
}

type Part = 'top' | 'member' | 'config' | 'layer' | 'referrer' | 'content of the referrer'

/** An image in an index, with a referrer; the descriptor of `wrong` says one byte too many. */
async function layout(put: (mediaType: string, bytes: Buffer) => Promise<Descriptor>, wrong?: Part) {
  const said = async (part: Part, mediaType: string, bytes: Buffer) => {
    const descriptor = await put(mediaType, bytes)
    return part === wrong ? { ...descriptor, size: descriptor.size + 1 } : descriptor
  }
  const layer = Buffer.alloc(1024)
  const file = { ...host, rootfs: { type: 'layers', diff_ids: [digestOf(layer)] } }
  const body = {
    config: await said('config', mediaTypes.ociConfig, Buffer.from(JSON.stringify(file))),
    layers: [await said('layer', mediaTypes.ociLayer, layer)],
  }
  const image = serializeManifest({ kind: 'manifest', mediaType: mediaTypes.ociManifest, ...body })
  const member = await said('member', mediaTypes.ociManifest, image)
  const index: Index = { kind: 'index', mediaType: mediaTypes.ociIndex, manifests: [member] }
  const top = await said('top', mediaTypes.ociIndex, serializeManifest(index))
  const referrer = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: await said('content of the referrer', 'application/vnd.oci.empty.v1+json', Buffer.from('{}')),
    layers: [],
    subject: top,
  }
  const about = await said('referrer', mediaTypes.ociManifest, Buffer.from(JSON.stringify(referrer)))
  return serializeManifest({ ...index, manifests: [top, about] })
}

test('a layout whose descriptors are right is read', async (t) => {
  const { put, read } = await bench(t)
  const { loadables, referrers } = await read(await layout(put))
  assert.equal(loadables.length, 1)
  assert.equal(referrers.length, 1)
})

for (const part of ['top', 'member', 'config', 'layer', 'referrer', 'content of the referrer'] as const)
  test(`a layout in which the size of the ${part} is wrong is refused`, async (t) => {
    const { put, read } = await bench(t)
    const index = await layout(put, part)
    await assert.rejects(read(index), {
      kind: 'InvalidParameter',
      message: /^content sha256:[0-9a-f]{64} is \d+ bytes where \d+ were announced$/,
    })
  })

test('referrers are found in a file of their own as well', async (t) => {
  const { put, read } = await bench(t)
  const both = parseManifest(await layout(put))
  assert.ok(both.kind === 'index')
  const [files = Buffer.alloc(0), about = Buffer.alloc(0)] = both.manifests.map((each) =>
    serializeManifest({ ...both, manifests: [each] }),
  )
  const { loadables, referrers } = await read(files, about)
  assert.deepEqual([loadables.length, referrers.length], [1, 1])
  assert.deepEqual((await read(files, files)).referrers, [])
  await assert.rejects(read(files, Buffer.from('{}')), { kind: 'InvalidParameter' })
})
