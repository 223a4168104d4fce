import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Digest } from '@gantry/oci'
import { openSnapshots, type SnapshotParts } from './snapshots.ts'

const digest = `sha256:${'a'.repeat(64)}` as Digest
const snapshot = { layers: [{ diffId: digest, chainId: digest, size: 0 }] }

test('a snapshot that cannot be opened or mounted leaves nothing', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-snapshots-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const layers = { directories: async (): Promise<string[]> => ['/nonexistent'] }
  const parts = { layers, retention: { begin: () => ({ [Symbol.asyncDispose]: async () => undefined }) } }
  const options = { directory, parts, images: {}, archive: {}, faults: () => undefined }
  const snapshots = await openSnapshots(options as unknown as SnapshotParts)
  await assert.rejects(snapshots.view(snapshot))
  assert.deepEqual(await readdir(directory), [])
  layers.directories = () => Promise.reject(new Error('gone'))
  await assert.rejects(snapshots.open(snapshot), /gone/)
  assert.deepEqual(await readdir(directory), [])
})
