import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { copyTree } from './copy-tree.ts'
import { bind, check } from './libc.ts'
import { openBeneath, openInRoot } from './open-in-root.ts'

const { O_RDONLY, O_DIRECTORY } = constants
const setxattr = bind(
  'int setxattr(const char *path, const char *name, const uint8_t *value, size_t size, int flags)',
)
const getxattr = bind('long getxattr(const char *path, const char *name, _Out_ uint8_t *value, size_t size)')

function directories(t: TestContext): { source: string; target: string } {
  const top = mkdtempSync(join(tmpdir(), 'copy-tree-'))
  t.after(() => rmSync(top, { recursive: true, force: true }))
  for (const name of ['source', 'target']) mkdirSync(join(top, name))
  return { source: join(top, 'source'), target: join(top, 'target') }
}

function copy(source: string, target: string): void {
  const from = openSync(source, O_RDONLY | O_DIRECTORY)
  const to = openSync(target, O_RDONLY | O_DIRECTORY)
  try {
    copyTree(from, to)
  } finally {
    closeSync(from)
    closeSync(to)
  }
}

test('owners, modes and times of files and directories are kept, those of the top included', (t) => {
  const { source, target } = directories(t)
  mkdirSync(join(source, 'sub'))
  writeFileSync(join(source, 'sub/tool'), 'content')
  chownSync(join(source, 'sub/tool'), 7, 8)
  chmodSync(join(source, 'sub/tool'), 0o4755)
  utimesSync(join(source, 'sub/tool'), 1_000_000_000.25, 1_100_000_000.125)
  chmodSync(join(source, 'sub'), 0o1770)
  utimesSync(join(source, 'sub'), 1, 2)
  chownSync(source, 9, 10)
  chmodSync(source, 0o711)

  copy(source, target)

  assert.equal(readFileSync(join(target, 'sub/tool'), 'utf8'), 'content')
  for (const path of ['', 'sub', 'sub/tool']) {
    const [a, b] = [source, target].map((top) => lstatSync(join(top, path), { bigint: true }))
    for (const field of ['mode', 'uid', 'gid', 'mtimeNs'] as const)
      assert.equal(b?.[field], a?.[field], `${path} ${field}`)
  }
})

test('hard links stay links, symbolic links are copied as they are, dangling ones too', (t) => {
  const { source, target } = directories(t)
  mkdirSync(join(source, 'a'))
  writeFileSync(join(source, 'a/first'), 'same')
  linkSync(join(source, 'a/first'), join(source, 'second'))
  symlinkSync('/nowhere/at all', join(source, 'link'))
  lchownSync(join(source, 'link'), 3, 4)

  copy(source, target)

  assert.equal(lstatSync(join(target, 'a/first')).ino, lstatSync(join(target, 'second')).ino)
  assert.equal(readlinkSync(join(target, 'link')), '/nowhere/at all')
  assert.equal(lstatSync(join(target, 'link')).uid, 3)
})

test('devices and pipes are made anew, extended attributes come along', (t) => {
  const { source, target } = directories(t)
  execFileSync('mknod', [join(source, 'zero'), 'c', '1', '5'])
  execFileSync('mkfifo', [join(source, 'pipe')])
  writeFileSync(join(source, 'file'), '')
  const value = Buffer.from('blue')
  check('setxattr', setxattr(join(source, 'file'), 'trusted.colour', value, value.length, 0))

  copy(source, target)

  assert.equal(lstatSync(join(target, 'zero')).rdev, 0x105)
  assert.ok(lstatSync(join(target, 'zero')).isCharacterDevice())
  assert.ok(lstatSync(join(target, 'pipe')).isFIFO())
  const read = Buffer.alloc(16)
  const length = check('getxattr', getxattr(join(target, 'file'), 'trusted.colour', read, read.length))
  assert.equal(read.toString('utf8', 0, length), 'blue')
})

test('names that are no text survive', (t) => {
  const { source, target } = directories(t)
  const name = Buffer.from([0x66, 0xff, 0xfe])
  writeFileSync(Buffer.concat([Buffer.from(`${source}/`), name]), 'x')
  copy(source, target)
  assert.deepEqual(readdirSync(target, { encoding: 'buffer' }), [name])
})

test('an existing name is an error, not a way out', (t) => {
  const { source, target } = directories(t)
  const outside = join(target, '..', 'outside')
  mkdirSync(outside)
  mkdirSync(join(source, 'data'))
  writeFileSync(join(source, 'data/file'), 'x')
  symlinkSync(outside, join(target, 'data'))
  assert.throws(() => copy(source, target), { code: 'EEXIST' })
  assert.deepEqual(readdirSync(outside), [])
})

test('openInRoot keeps absolute links and .. inside, openBeneath refuses both', (t) => {
  const { source } = directories(t)
  mkdirSync(join(source, 'etc'))
  writeFileSync(join(source, 'etc/hostname'), 'inside')
  symlinkSync('/etc', join(source, 'link'))
  const root = openSync(source, O_RDONLY | O_DIRECTORY)
  t.after(() => closeSync(root))
  for (const path of ['link/hostname', '../../etc/hostname', '/link/../../etc/hostname']) {
    const fd = openInRoot(root, path, O_RDONLY)
    assert.equal(readFileSync(fd, 'utf8'), 'inside', path)
    closeSync(fd)
  }
  assert.throws(() => openBeneath(root, 'link/hostname', O_RDONLY), { code: 'ELOOP' })
  assert.throws(() => openBeneath(root, '../source', O_RDONLY), { code: 'EXDEV' })
})
