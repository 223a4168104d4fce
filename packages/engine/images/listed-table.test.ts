import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openDatabase } from '@gantry/store'
import { Catalog } from './catalog.ts'
import type { ImageRecord } from './records.ts'

async function catalogOf(t: TestContext): Promise<Catalog> {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-catalog-'))
  const database = openDatabase(join(directory, 'test.db'))
  t.after(async () => {
    database.close()
    await rm(directory, { recursive: true })
  })
  return new Catalog(database)
}

const image = (letter: string): ImageRecord => ({
  id: `sha256:${letter.repeat(64)}`,
  manifest: `sha256:${letter.repeat(64)}`,
  layers: [],
  labels: {},
  os: 'linux',
  architecture: 'amd64',
})

const ids = (catalog: Catalog): string[] => catalog.images().map(({ id }) => id.at(-1) ?? '')

test('lists follow each write', async (t) => {
  const catalog = await catalogOf(t)
  catalog.put(image('a'))
  assert.deepEqual(ids(catalog), ['a'])
  catalog.put(image('b'))
  assert.deepEqual(ids(catalog), ['a', 'b'])
  catalog.drop(image('a').id)
  assert.deepEqual(ids(catalog), ['b'])
  catalog.put({ ...image('b'), retired: true })
  assert.deepEqual(ids(catalog), [])
})

test("a list is its caller's own", async (t) => {
  const catalog = await catalogOf(t)
  catalog.name({ name: 'docker.io/library/a:1', image: image('a').id })
  catalog.references().pop()
  assert.equal(catalog.references().length, 1)
})

test('lists forget what a transaction takes back', async (t) => {
  const catalog = await catalogOf(t)
  catalog.put(image('a'))
  const failing = (): void =>
    catalog.transaction(() => {
      catalog.put(image('b'))
      assert.deepEqual(ids(catalog), ['a', 'b'])
      throw new Error('no')
    })
  assert.throws(failing, /no/)
  assert.deepEqual(ids(catalog), ['a'])
})
