import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Digest, digestOf, hexOf } from '@gantry/oci'
import { openContentStore } from './content-store.ts'

async function tempDir(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-content-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  return directory
}

async function bytesOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(stream))
}

test('what was put is found by its digest, also by a store opened later', async (t) => {
  const directory = await tempDir(t)
  const store = await openContentStore(directory)
  const bytes = Buffer.alloc(300_000, 'x')
  const { digest, size } = await store.put(bytes)
  assert.equal(digest, digestOf(bytes))
  assert.equal(size, bytes.length)
  const again = await openContentStore(directory)
  assert.deepEqual(await again.list(), [digest])
  assert.deepEqual(await again.readAll(digest), bytes)
  assert.deepEqual(await bytesOf(await again.read(digest)), bytes)
  await again.delete(digest)
  await again.delete(digest)
  assert.equal(await again.has(digest), false)
  await assert.rejects(again.read(digest), { kind: 'NotFound' })
  await assert.rejects(again.readAll(digest), { kind: 'NotFound' })
})

test('an upload is invisible until committed, and leaves nothing when given up', async (t) => {
  const directory = await tempDir(t)
  const store = await openContentStore(directory)
  {
    await using writer = await store.writer()
    await writer.write(Buffer.from('never'))
    assert.deepEqual(await store.list(), [])
  }
  assert.deepEqual(await readdir(join(directory, 'uploads')), [])
})

test('nothing is committed unless digest and size match', async (t) => {
  const directory = await tempDir(t)
  const store = await openContentStore(directory)
  for (const expected of [{ size: 4 }, { digest: digestOf('other') }]) {
    await using writer = await store.writer()
    await writer.write(Buffer.from('bytes'))
    await assert.rejects(writer.commit(expected), { kind: 'InvalidParameter' })
  }
  assert.deepEqual(await store.list(), [])
  assert.deepEqual(await readdir(join(directory, 'uploads')), [])
})

test('a download whose work fails can be gone on with; one whose work is done goes when it is not needed', async (t) => {
  const directory = await tempDir(t)
  const bytes = Buffer.from('downloaded')
  const blob = { digest: digestOf(bytes), size: bytes.length }
  const offsets: number[] = []
  const rest = async function* (offset: number) {
    offsets.push(offset)
    if (offset < bytes.length) yield bytes.subarray(offset)
  }
  const partials = () => readdir(join(directory, 'partial'))
  for (const ending of ['failed', 'failed', 'done', 'discarded'] as const) {
    const store = await openContentStore(directory)
    await store.receive(blob, { rest })
    assert.deepEqual([await store.list(), await partials()], [[blob.digest], []])
    await store.settle(new Set([ending === 'done' ? blob.digest : digestOf('other')]))
    if (ending === 'discarded') await (await store.partial(blob.digest)).discard()
    await (await openContentStore(directory)).release(blob.digest)
    assert.deepEqual(
      [await store.list(), await partials()],
      [[], ending === 'failed' ? [hexOf(blob.digest)] : []],
      ending,
    )
    assert.deepEqual(await readdir(join(directory, 'downloaded')), [])
  }
  assert.deepEqual(offsets, [0, 0])
})

test('a download leaves what has come of it, and nothing where nothing came', async (t) => {
  const directory = await tempDir(t)
  const store = await openContentStore(directory)
  const bytes = Buffer.from('all of it')
  const blob = { digest: digestOf(bytes), size: bytes.length }
  const breaking = (before: Buffer[]) => ({
    rest: async function* () {
      yield* before
      throw new Error('broken')
    },
  })
  const left = async () => (await store.partial(blob.digest)).size()
  await assert.rejects(store.receive(blob, breaking([])), /broken/)
  assert.deepEqual(await readdir(join(directory, 'partial')), [])
  await assert.rejects(store.receive(blob, breaking([bytes.subarray(0, 3)])), /broken/)
  assert.deepEqual([await readdir(join(directory, 'partial')), await left()], [[hexOf(blob.digest)], 3])
})

test('damaged content is not read as if it were whole', async (t) => {
  const directory = await tempDir(t)
  const store = await openContentStore(directory)
  const { digest } = await store.put(Buffer.from('the content'))
  await writeFile(join(directory, 'blobs/sha256', hexOf(digest)), 'the c0ntent')
  await assert.rejects(store.readAll(digest), /is damaged/)
  await assert.rejects(bytesOf(await store.read(digest)), /is damaged/)
  // Nor is that the end of a process that has yet to read it.
  const stream = await store.read(digest)
  await new Promise<void>((resolve) => stream.once('close', resolve))
  await assert.rejects(bytesOf(stream), /is damaged/)
})

test('the same blob from many writers at once is one blob', async (t) => {
  const directory = await tempDir(t)
  const store = await openContentStore(directory)
  const bytes = Buffer.alloc(100_000, 'y')
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      await using writer = await store.writer()
      await writer.write(bytes)
      await writer.commit()
    }),
  )
  assert.equal((await store.list()).length, 1)
  assert.deepEqual(await readdir(join(directory, 'uploads')), [])
})

test('what a crash left of an upload is removed at the next start', async (t) => {
  const directory = await tempDir(t)
  await openContentStore(directory)
  await writeFile(join(directory, 'uploads', 'half'), 'half')
  await openContentStore(directory)
  assert.deepEqual(await readdir(join(directory, 'uploads')), [])
})

test('readAll reads no more than its limit', async (t) => {
  const store = await openContentStore(await tempDir(t))
  const { digest } = await store.put(Buffer.alloc(100))
  await assert.rejects(store.readAll(digest, 99), { kind: 'InvalidParameter' })
})

test('CVE-2024-3727: a digest that is a path reaches no file', async (t) => {
  const directory = await tempDir(t)
  const store = await openContentStore(directory)
  for (const evil of ['sha256:../../oci-layout', `sha256:${'0'.repeat(60)}/../x`, '../oci-layout']) {
    await assert.rejects(store.readAll(evil as Digest), { kind: 'InvalidParameter' })
    await assert.rejects(store.delete(evil as Digest), { kind: 'InvalidParameter' })
  }
  assert.ok(await stat(join(directory, 'oci-layout')))
})

test('CVE-2021-41091: nobody but the owner can enter', async (t) => {
  const directory = join(await tempDir(t), 'content')
  await openContentStore(directory)
  assert.equal((await stat(directory)).mode & 0o777, 0o700)
})
