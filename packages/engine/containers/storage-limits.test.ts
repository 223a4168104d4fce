import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type ProjectQuotas, StorageLimits, storageSize } from './storage-limits.ts'

/** A file system with quotas: which project each directory has, and the limits. */
class FakeQuotas implements ProjectQuotas {
  readonly projects = new Map<string, number>()
  readonly limits = new Map<number, number>()

  projectOf(directory: string): number {
    if (!existsSync(directory)) throw new Error(`ENOENT ${directory}`)
    return this.projects.get(directory) ?? 0
  }

  setProject(directory: string, project: number): void {
    this.projects.set(directory, project)
  }

  projectUsage(_directory: string, project: number) {
    const files = [...this.projects].filter(([path, id]) => id === project && existsSync(path)).length
    return { limit: this.limits.get(project) ?? 0, bytes: 0, files }
  }

  limitProject(directory: string, project: number, bytes: number): void {
    if (!existsSync(directory)) throw new Error(`ENOENT ${directory}`)
    this.limits.set(project, bytes)
  }
}

function bench(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), 'gantry-storage-'))
  t.after(() => rmSync(root, { recursive: true }))
  const quotas = new FakeQuotas()
  const container = (name: string) => {
    for (const part of ['upper', 'work']) mkdirSync(join(root, name, part), { recursive: true })
    return join(root, name)
  }
  return { quotas, container, open: () => new StorageLimits(root, quotas, true) }
}

test('each container has a project, its limit goes with it', async (t) => {
  const { quotas, container, open } = bench(t)
  const limits = open()
  const [a, b] = [container('a'), container('b')]
  limits.limit(a, 1 << 30)
  limits.limit(b, 1 << 20)
  const [first, second] = [quotas.projectOf(`${a}/upper`), quotas.projectOf(`${b}/upper`)]
  assert.equal(quotas.projectOf(`${a}/work`), first)
  assert.notEqual(first, second)
  assert.deepEqual([quotas.limits.get(first), quotas.limits.get(second)], [1 << 30, 1 << 20])
  await limits.remove(a)
  assert.equal(existsSync(a), false)
  assert.deepEqual([quotas.limits.get(first), quotas.limits.get(second)], [0, 1 << 20])
})

test('the next daemon takes no number that is in use, and those that were freed, also half', async (t) => {
  const { quotas, container, open } = bench(t)
  const [a, b, c] = [container('a'), container('b'), container('c')]
  const before = open()
  before.limit(a, 100)
  before.limit(b, 100)
  const freed = quotas.projectOf(`${a}/upper`)
  // Died between the directory and the limit.
  rmSync(a, { recursive: true })
  const after = open()
  after.limit(c, 200)
  assert.equal(quotas.projectOf(`${c}/upper`), freed)
  assert.equal(quotas.limits.get(freed), 200)
  await after.remove(b)
  assert.equal(quotas.limits.get(quotas.projects.get(`${b}/upper`) ?? 0), 0)
})

test('a container that was half made, or has no limit, is removed as any other', async (t) => {
  const { quotas, container, open } = bench(t)
  const limits = open()
  const half = container('half')
  rmSync(`${half}/upper`, { recursive: true })
  await limits.remove(half)
  await limits.remove(container('plain'))
  await limits.remove(`${half}-never-made`)
  assert.equal(quotas.limits.size, 0)
})

test('--storage-opt', () => {
  assert.equal(storageSize({}, false), undefined)
  assert.equal(storageSize({ StorageOpt: {} }, false), undefined)
  assert.equal(storageSize({ StorageOpt: { SIZE: '1.5g' } }, true), 1.5 * 2 ** 30)
  assert.equal(storageSize({ StorageOpt: { size: '0' } }, true), 0)
  assert.throws(
    () => storageSize({ StorageOpt: { size: '1G' } }, false),
    /^GantryError: --storage-opt is supported only/,
  )
  assert.throws(() => storageSize({ StorageOpt: { size: '-1' } }, true), /invalid size: '-1'/)
  for (const supported of [true, false])
    assert.throws(() => storageSize({ StorageOpt: { inodes: '1' } }, supported), /Unknown option inodes/)
})
