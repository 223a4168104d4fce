import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { whenMade } from './mark-watch.ts'

test('a file is told of once, whether it is there or comes later', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-mark-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  let told = 0
  const later = Promise.withResolvers<void>()
  whenMade(join(directory, 'oom'), () => {
    told++
    later.resolve()
  })
  await writeFile(join(directory, 'other'), '')
  await writeFile(join(directory, 'oom'), '')
  await later.promise
  await writeFile(join(directory, 'oom'), 'again')
  const already = Promise.withResolvers<void>()
  whenMade(join(directory, 'oom'), () => already.resolve())
  await already.promise
  assert.equal(told, 1)
})

test('who has stopped watching is told nothing, and neither is anybody about a directory that is gone', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-mark-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const fail = () => assert.fail('it was told')
  const stop = whenMade(join(directory, 'oom'), fail)
  stop()
  await writeFile(join(directory, 'oom'), '')
  whenMade('/nonexistent/oom', fail)()
  whenMade(join(directory, 'oom'), fail)()
  await new Promise((resolve) => setImmediate(resolve))
})
