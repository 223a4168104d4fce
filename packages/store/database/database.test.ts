import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { isKind } from '@gantry/errors'
import { mount, UnmountFlag, unmount } from '@gantry/syscall'
import type { Database } from '../contracts.ts'
import { openDatabase } from './database.ts'

function temporary(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-database-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return join(directory, 'gantry.db')
}

test('rows are kept across a reopening, oldest first, and an update keeps its place', (t) => {
  const path = temporary(t)
  const first = openDatabase(path)
  const things = first.table<{ n: number }>('things')
  for (const [key, n] of [['b', 1] as const, ['a', 2] as const, ['c', 3] as const]) things.set(key, { n })
  things.set('b', { n: 10 })
  assert.equal(things.delete('a'), true)
  assert.equal(things.delete('a'), false)
  first.close()

  const again = openDatabase(path)
  t.after(() => again.close())
  assert.deepEqual(again.table('things').values(), [{ n: 10 }, { n: 3 }])
  assert.equal(again.table('things').get('a'), undefined)
})

test('a transaction that throws keeps none of its writes', (t) => {
  const database = openDatabase(temporary(t))
  t.after(() => database.close())
  const things = database.table<number>('things')
  assert.throws(() =>
    database.transaction(() => {
      things.set('x', 1)
      throw new Error('no')
    }),
  )
  assert.equal(things.get('x'), undefined)
  assert.equal(
    database.transaction(() => {
      things.set('x', 2)
      return 'done'
    }),
    'done',
  )
  assert.equal(things.get('x'), 2)
})

test('what was written survives a killed process', (t) => {
  const path = temporary(t)
  const script = `import { openDatabase } from ${JSON.stringify(import.meta.resolve('./database.ts'))}
    openDatabase(${JSON.stringify(path)}).table('things').set('x', 'kept')
    process.kill(process.pid, 'SIGKILL')`
  const killed = spawnSync(process.execPath, ['--input-type=module', '-e', script])
  assert.equal(killed.signal, 'SIGKILL')
  const database = openDatabase(path)
  t.after(() => database.close())
  assert.equal(database.table('things').get('x'), 'kept')
})

test('others who open the file see that it is in use: who holds no lock has its shared memory cut off', (t) => {
  const path = temporary(t)
  const database = openDatabase(path)
  t.after(() => database.close())
  database.table('things').set('a', 1)
  const locks = readFileSync('/proc/locks', 'utf8').split('\n')
  const { ino } = statSync(`${path}-shm`)
  // The lock of SQLite's "dead man switch".
  assert.ok(
    locks.some((line) => line.includes(` ${process.pid} `) && line.endsWith(`:${ino} 128 128`)),
    locks.join('\n'),
  )
})

test('the file is its owner’s alone, and a file that is no database is refused', (t) => {
  const path = temporary(t)
  openDatabase(path).close()
  assert.equal(statSync(path).mode & 0o077, 0)
  writeFileSync(path, 'not a database, and long enough to be read as a header of one'.repeat(20))
  assert.throws(
    () => openDatabase(path),
    (error) => isKind(error, 'System'),
  )
})

test('on a full disk rows can be removed, also after a restart, and what is too much says so', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-database-'))
  mount({ source: 'tmpfs', target: directory, type: 'tmpfs', data: 'size=24m' })
  t.after(() => {
    unmount(directory, UnmountFlag.detach)
    rmSync(directory, { recursive: true })
  })
  const path = join(directory, 'gantry.db')
  const first = openDatabase(path)
  const rows = 300
  for (let n = 0; n < rows; n++) first.table('things').set(`key-${n}`, { n, text: 'x'.repeat(2000) })
  fill(directory)
  const remove = (database: Database, from: number, to: number) => {
    for (let n = from; n < to; n++) assert.ok(database.table('things').delete(`key-${n}`))
  }
  remove(first, 0, 100)
  assert.throws(
    () => first.transaction(() => first.table('things').set('large', 'x'.repeat(16 << 20))),
    /database or disk is full/,
  )
  remove(first, 100, 150)
  first.close()

  fill(directory)
  const again = openDatabase(path)
  remove(again, 150, 250)
  assert.equal(again.table('things').values().length, 50)
  again.close()
})

/** Takes every block that is left. */
function fill(directory: string): void {
  const { bavail, bsize } = statfsSync(directory)
  if (bavail > 0)
    writeFileSync(join(directory, `fill-${process.hrtime.bigint()}`), Buffer.alloc(bavail * bsize))
  assert.equal(statfsSync(directory).bavail, 0)
}
