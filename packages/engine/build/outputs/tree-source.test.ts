import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import type { BuildResult } from '@gantry/build'
import type { NoteFile } from './files-output.ts'
import { treeSource } from './tree-source.ts'

const platform = { os: 'linux', architecture: 'amd64' }

async function sourceOf(t: TestContext, files: string[], notes: NoteFile[], platformSplit: boolean | null) {
  const root = await mkdtemp(join(tmpdir(), 'gantry-tree-'))
  const stack = new AsyncDisposableStack()
  t.after(async () => {
    await stack.disposeAsync()
    await rm(root, { recursive: true })
  })
  for (const file of files) {
    await mkdir(join(root, file, '..'), { recursive: true })
    await writeFile(join(root, file), 'of the image')
  }
  const snapshots = { view: async () => ({ root, [Symbol.asyncDispose]: async () => undefined }) }
  const results = [{ platform, snapshot: {} }] as unknown as BuildResult[]
  const told = { created: new Date(5), notes: async () => notes }
  return treeSource(snapshots as never, results, { platformSplit }, told, stack)
}

const note = (name: string): NoteFile => ({ name, content: Buffer.from(`about ${name}`) })

test('what tells about a result is among its files, in the order of a walk, and in the place of what has its name', async (t) => {
  const files = ['a/z', 'p', 'q/provenance.json', 'sbom.spdx.json/inner', 'z']
  const source = await sourceOf(t, files, [note('sbom.spdx.json'), note('provenance.json')], null)
  const entries = await Array.fromAsync(source.entries())
  assert.deepEqual(
    entries.map(({ path }) => path),
    ['a', 'a/z', 'p', 'provenance.json', 'q', 'q/provenance.json', 'sbom.spdx.json', 'z'],
  )
  const contents = entries
    .filter(({ size }) => size > 0)
    .map((entry) => text(Readable.from(source.content(entry))))
  assert.deepEqual(await Promise.all(contents), [
    'of the image',
    'of the image',
    'about provenance.json',
    'of the image',
    'about sbom.spdx.json',
    'of the image',
  ])
  assert.ok(entries.every(({ modTime }) => modTime === 5_000_000n))
})

test('notes come last, or alone, or below their platform', async (t) => {
  const paths = async (files: string[], split: boolean | null): Promise<string[]> => {
    const source = await sourceOf(t, files, [note('z')], split)
    return await Array.fromAsync(source.entries(), ({ path }) => path)
  }
  assert.deepEqual(await paths(['a'], null), ['a', 'z'])
  assert.deepEqual(await paths([], null), ['z'])
  assert.deepEqual(await paths(['a'], true), ['linux_amd64', 'linux_amd64/a', 'linux_amd64/z'])
})
