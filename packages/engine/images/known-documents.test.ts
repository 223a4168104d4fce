import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Digest, digestOf } from '@gantry/oci'
import { KnownDocuments } from './known-documents.ts'

/** A store of configurations that counts how often it is read. */
function store() {
  const blobs = new Map<Digest, Buffer>()
  const reads: Digest[] = []
  const add = (label: string): Digest => {
    const config = {
      architecture: 'amd64',
      os: 'linux',
      config: { Labels: { label } },
      rootfs: { type: 'layers', diff_ids: [] },
    }
    const bytes = Buffer.from(JSON.stringify(config))
    const id = digestOf(bytes)
    blobs.set(id, bytes)
    return id
  }
  const readAll = async (id: Digest): Promise<Buffer> => {
    reads.push(id)
    return blobs.get(id) ?? assert.fail('not there')
  }
  return { add, reads, documents: new KnownDocuments({ readAll }) }
}

test('a configuration that was asked for lately is read once', async () => {
  const { add, reads, documents } = store()
  const id = add('first')
  assert.equal(await documents.config(id), await documents.config(id))
  assert.deepEqual(reads, [id])
  for (let other = 0; other < 16; other++) await documents.config(add(`other ${other}`))
  assert.equal((await documents.config(id)).config.Labels?.label, 'first')
  assert.equal(reads.filter((each) => each === id).length, 2)
})

test('a large one is not kept', async () => {
  const { add, reads, documents } = store()
  const id = add('x'.repeat(40_000))
  await documents.config(id)
  await documents.config(id)
  assert.deepEqual(reads, [id, id])
})
