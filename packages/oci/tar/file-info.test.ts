import assert from 'node:assert/strict'
import { linkSync, lstatSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { entryTypeOf, fileHeader } from './file-info.ts'
import { FirstNames } from './first-names.ts'

const info = (path: string) => lstatSync(path, { bigint: true })

test('headers say of a file what its inode does', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-tar-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'file')
  writeFileSync(path, 'hello', { mode: 0o640 })
  utimesSync(path, new Date(0), new Date(-1500))
  const { name, type, mode, uid, size, modified } = fileHeader(info(path), 'file', 'a/file')
  assert.deepEqual(
    { name, type, mode, uid, size, modified },
    {
      name: 'a/file',
      type: 'file',
      mode: 0o640,
      uid: process.getuid?.(),
      size: 5,
      modified: { seconds: -2, nanoseconds: 500_000_000 },
    },
  )
  assert.equal(fileHeader(info(directory), 'directory', 'a').name, 'a/')
  assert.equal(fileHeader(info(directory), 'directory', '/').name, '/')
  assert.equal(fileHeader(info(directory), 'directory', '').name, '/')
})

test('devices have their numbers', () => {
  const zero = info('/dev/zero')
  assert.equal(entryTypeOf(zero), 'character')
  const { deviceMajor, deviceMinor, size } = fileHeader(zero, 'character', 'zero')
  assert.deepEqual([deviceMajor, deviceMinor, size], [1, 5, 0])
})

test('the second name of a file is a link to the first', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-tar-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const [one, two] = [join(directory, 'one'), join(directory, 'two')]
  writeFileSync(one, '')
  const names = new FirstNames()
  assert.equal(names.of(info(one), 'alone'), undefined)
  assert.equal(names.of(info(one), 'alone again'), undefined)
  linkSync(one, two)
  assert.equal(names.of(info(one), 'one'), undefined)
  assert.equal(names.of(info(two), 'two'), 'one')
  assert.equal(names.of(info(two), 'three'), 'one')
  assert.equal(names.of(info(directory), 'directory'), undefined)
  assert.equal(names.of(info(directory), 'directory again'), undefined)
})
