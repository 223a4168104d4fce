import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openDatabase } from '@gantry/store'
import { memoryTable } from '../containers/testing.ts'
import { Catalog } from './catalog.ts'
import { ListedTable } from './listed-table.ts'
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

test('a list is read once, whatever is written between its uses', () => {
  const rows = memoryTable<{ id: string; n: number }>()
  let reads = 0
  const counted = {
    get: (key: string) => rows.get(key),
    set: (key: string, value: { id: string; n: number }) => rows.set(key, value),
    delete: (key: string) => rows.delete(key),
    values: () => {
      reads++
      return rows.values()
    },
  }
  const table = new ListedTable(counted, ({ id }) => id)
  for (const id of ['a', 'b', 'c']) table.set(id, { id, n: 1 })
  const listed = () => table.values().map(({ id, n }) => `${id}${n}`)
  assert.deepEqual(listed(), ['a1', 'b1', 'c1'])
  table.set('a', { id: 'a', n: 2 })
  assert.equal(table.delete('b'), true)
  assert.equal(table.delete('b'), false)
  table.set('d', { id: 'd', n: 1 })
  assert.deepEqual(listed(), ['a2', 'c1', 'd1'])
  assert.equal(reads, 1)
})
