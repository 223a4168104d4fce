import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { SystemCallError } from './libc.ts'
import { cacheInHugePages } from './page-cache.ts'

/** Bytes of the file that are in memory. */
const cached = (path: string): number =>
  Number(execFileSync('fincore', ['-b', '-n', '-o', 'RES', path], { encoding: 'utf8' }))

/** Takes the file out of memory. */
const drop = (path: string): Buffer =>
  execFileSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none'])

test('a file is in memory afterwards, whole', async (context) => {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-cache-'))
  context.after(() => rm(directory, { recursive: true }))
  const path = join(directory, 'program')
  const size = (5 << 20) + 100
  await writeFile(path, Buffer.alloc(size, 7), { flush: true })
  drop(path)
  if (cached(path) > 0) return context.skip('this file system has its files in memory only')
  await cacheInHugePages(path)
  assert.ok(cached(path) >= size)
  await cacheInHugePages(path)
  assert.ok(cached(path) >= size)
})

test('an empty file is none to be cached, a missing one is told of', async (context) => {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-cache-'))
  context.after(() => rm(directory, { recursive: true }))
  const path = join(directory, 'empty')
  await writeFile(path, '')
  await cacheInHugePages(path)
  await assert.rejects(cacheInHugePages(join(directory, 'missing')), { code: 'ENOENT' })
  await assert.rejects(cacheInHugePages(directory), SystemCallError)
})
