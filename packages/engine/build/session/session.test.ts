import assert from 'node:assert/strict'
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type FileStat, type FileType, goMode } from '@gantry/buildkit'
import { IgnoreFile } from '@gantry/dockerfile'
import { applyChanges } from '../files/apply.ts'
import { digestTree } from '../files/digest.ts'
import { DigestMemo } from '../files/digest-memo.ts'
import { KeptTrees } from './kept-trees.ts'
import { TextFiles } from './text-files.ts'
import { TreeSync } from './tree-sync.ts'

async function directory(t: TestContext): Promise<string> {
  const path = await mkdtemp('/tmp/gantry-kept-')
  t.after(() => rm(path, { recursive: true, force: true }))
  return path
}

interface Entry {
  type?: FileType
  device?: [number, number]
  text?: string
  mode?: number
  time?: number
  link?: string
}

const statOf = (
  path: string,
  { type = 'file', text = '', mode = 0o644, time = 1, link = '', device = [0, 0] }: Entry,
): FileStat => ({
  path,
  mode: goMode(type, mode),
  uid: 1000,
  gid: 1000,
  size: type === 'file' ? text.length : 0,
  modTime: BigInt(time) * 1_000_000_000n,
  linkname: link,
  devmajor: device[0],
  devminor: device[1],
  xattrs: new Map(),
})

/** Sends a whole directory, as a client would. Resolves to the files whose content was asked for. */
async function send(
  trees: KeptTrees,
  files: Record<string, Entry>,
  rules = '',
): Promise<{ asked: string[]; root: string }> {
  await using tree = await trees.take('a client')
  const sync = new TreeSync({
    known: tree.entries,
    ignore: rules === '' ? null : new IgnoreFile(rules),
    begin: () => tree.invalidate(),
    apply: async (changes) => applyChanges(tree.root, changes, () => undefined),
    progress: () => undefined,
    largest: 1000,
  })
  const asked: string[] = []
  for (const [path, entry] of Object.entries(files))
    if (await sync.entry(statOf(path, entry))) asked.push(path)
  await sync.listed()
  for (const path of asked) {
    for (const letter of files[path]?.text ?? '') await sync.data(path, Buffer.from(letter))
    await sync.complete(path)
  }
  const entries = await sync.finish()
  if (sync.changed) await tree.save(entries)
  return { asked, root: tree.root }
}

/** What is in a tree, as text. */
async function listing(root: string, prefix = ''): Promise<string[]> {
  const lines: string[] = []
  for (const name of (await readdir(join(root, prefix))).sort()) {
    const path = join(root, prefix, name)
    const { mode, mtimeMs, ...status } = await lstat(path)
    const kind = mode & 0o170000
    if (kind === 0o120000) lines.push(`${prefix}${name} ${await readlink(path)}`)
    else if (kind === 0o010000)
      lines.push(`${prefix}${name} | ${(mode & 0o7777).toString(8)} ${mtimeMs / 1000}`)
    else if (kind === 0o020000)
      lines.push(`${prefix}${name} device ${status.rdev} ${(mode & 0o7777).toString(8)}`)
    else {
      const text = kind === 0o040000 ? '/' : await readFile(path, 'utf8')
      lines.push(`${prefix}${name} ${text} ${(mode & 0o7777).toString(8)} ${mtimeMs / 1000}`)
      assert.equal(status.uid, 0)
    }
    if (kind === 0o040000) lines.push(...(await listing(root, `${prefix}${name}/`)))
  }
  return lines.sort()
}

test('a tree follows its client, and asks for what has changed', async (t) => {
  const trees = new KeptTrees(await directory(t))
  const dir: Entry = { type: 'directory', mode: 0o755, time: 50 }
  const first = await send(trees, {
    a: { text: 'one', mode: 0o4755 },
    d: dir,
    'd/e': dir,
    'd/e/f': { text: 'deep' },
    'd/g': { type: 'symlink', link: '../a' },
    h: { text: '' },
    i: { link: 'a', mode: 0o4755 },
    s: { type: 'socket' },
  })
  assert.deepEqual(first.asked, ['a', 'd/e/f', 'h'])
  assert.deepEqual(await listing(first.root), [
    'a one 4755 1',
    'd / 755 50',
    'd/e / 755 50',
    'd/e/f deep 644 1',
    'd/g ../a',
    'h  644 1',
    'i one 4755 1',
  ])
  assert.equal((await stat(join(first.root, 'a'))).uid, 0)
  const second = await send(trees, {
    a: { text: 'two', mode: 0o755, time: 2 },
    d: { text: 'now a file' },
    h: { type: 'directory', mode: 0o700, time: 7 },
    'h/x': { text: 'x' },
    i: { link: 'a', mode: 0o755, time: 2 },
  })
  assert.equal(second.root, first.root)
  assert.deepEqual(second.asked, ['a', 'd', 'h/x'])
  assert.deepEqual(await listing(first.root), [
    'a two 755 2',
    'd now a file 644 1',
    'h / 700 7',
    'h/x x 644 1',
    'i two 755 2',
  ])
  assert.deepEqual((await send(trees, {})).asked, [])
  assert.deepEqual(await listing(first.root), [])
})

test('pipes and devices are files as others; sockets are left out', async (t) => {
  const trees = new KeptTrees(await directory(t))
  const files: Record<string, Entry> = {
    d: { type: 'directory', mode: 0o755, time: 50 },
    'd/null': { type: 'character', mode: 0o666, device: [1, 3] },
    'd/pipe': { type: 'fifo', mode: 0o640, time: 9 },
    'd/socket': { type: 'socket' },
  }
  const { asked, root } = await send(trees, files)
  assert.deepEqual(asked, [])
  const before = await listing(root)
  assert.deepEqual(before, ['d / 755 50', 'd/null device 259 666', 'd/pipe | 640 9'])
  await send(trees, files)
  assert.deepEqual(await listing(root), before)
  await send(trees, { ...files, 'd/null': { type: 'character', device: [1, 5] }, 'd/pipe': { text: 'file' } })
  assert.deepEqual(await listing(root), ['d / 755 50', 'd/null device 261 644', 'd/pipe file 644 1'])
  await send(trees, files)
  assert.deepEqual(await listing(root), before)
})

test('any tree becomes any other', async (t) => {
  const trees = new KeptTrees(await directory(t))
  let seed = 7
  const random = (below: number): number => {
    seed = (seed * 48271) % 0x7fffffff
    return seed % below
  }
  const names = ['a', 'a-', 'b', 'c']
  const fill = (files: Record<string, Entry>, prefix: string, depth: number): void => {
    for (const name of names) {
      const path = `${prefix}${name}`
      const kind = random(4)
      if (kind === 0 && depth < 3) {
        files[path] = { type: 'directory', mode: 0o755, time: random(3) }
        fill(files, `${path}/`, depth + 1)
      } else if (kind === 1) files[path] = { type: 'symlink', link: names[random(4)] ?? '', time: random(2) }
      else if (kind === 2) {
        const time = random(3)
        files[path] = { text: 'x'.repeat(time), time }
      }
    }
  }
  for (let round = 0; round < 60; round++) {
    const files: Record<string, Entry> = {}
    fill(files, '', 0)
    const { root } = await send(trees, files)
    const expected = Object.entries(files).map(([path, { type = 'file', text, mode = 0o644, time, link }]) =>
      type === 'symlink' ? `${path} ${link}` : `${path} ${text ?? '/'} ${mode.toString(8)} ${time}`,
    )
    assert.deepEqual(await listing(root), expected.sort())
  }
})

test('what the ignore file names is not taken, whatever the client sends', async (t) => {
  const trees = new KeptTrees(await directory(t))
  const { asked, root } = await send(trees, { '.env': { text: 'x' }, kept: { text: 'y' } }, '.env')
  assert.deepEqual(asked, ['kept'])
  assert.deepEqual(await readdir(root), ['kept'])
})

test('a hard link leads only to a file that has come', async (t) => {
  const trees = new KeptTrees(await directory(t))
  for (const link of ['../../etc/passwd', '/etc/passwd', 'l', 'd', 'd/x'])
    await assert.rejects(
      send(trees, {
        d: { type: 'directory', mode: 0o755 },
        l: { type: 'symlink', link: '/etc/passwd' },
        z: { link },
      }),
      /no file of the context/,
      link,
    )
})

test('another name follows its file when that has come again', async (t) => {
  const trees = new KeptTrees(await directory(t))
  const inode = async (root: string, name: string): Promise<number> => (await stat(join(root, name))).ino
  const first = await send(trees, { a: { text: 'one' }, b: { link: 'a' } })
  assert.equal(await inode(first.root, 'a'), await inode(first.root, 'b'))
  // Its own words are the same: what they lead to is not.
  const { asked, root } = await send(trees, { a: { text: 'two!', time: 2 }, b: { link: 'a' } })
  assert.deepEqual(asked, ['a'])
  assert.equal(await inode(root, 'a'), await inode(root, 'b'))
  assert.equal(await readFile(join(root, 'b'), 'utf8'), 'two!')
  const apart = await send(trees, { b: { text: 'two!', time: 2 } })
  assert.deepEqual([apart.asked, await readdir(apart.root)], [['b'], ['b']])
})

test('a tree is one build’s at a time; one that was left half done is thrown away', async (t) => {
  const top = await directory(t)
  const trees = new KeptTrees(top)
  await send(trees, { a: { text: 'a' } })
  {
    await using one = await trees.take('a client')
    await using other = await trees.take('a client')
    assert.equal(one.entries.length, 1)
    assert.deepEqual([other.entries, one.root === other.root], [[], false])
    await one.invalidate()
  }
  assert.deepEqual(await readdir(top), [])
  await mkdir(join(top, 'x/tree'), { recursive: true })
  await trees.clean()
  assert.deepEqual(await readdir(top), [])
  await send(trees, { a: { text: 'abc' } })
  const [kept] = await trees.list()
  assert.deepEqual([kept?.size, kept?.inUse], [3, false])
  assert.equal(await trees.remove(kept?.name ?? ''), true)
  assert.deepEqual(await readdir(top), [])
})

test('a tree with more bytes than are allowed is refused, and not kept', async (t) => {
  const top = await directory(t)
  const trees = new KeptTrees(top)
  await send(trees, { a: { text: 'x'.repeat(900) } })
  const over = { a: { text: 'x'.repeat(900) }, b: { text: 'x'.repeat(101) } }
  await assert.rejects(send(trees, over), /the build context is larger than 1000 bytes/)
  assert.equal((await trees.list()).length, 1)
})

test('digests are remembered until the file changes', async (t) => {
  const top = await directory(t)
  await mkdir(join(top, 'tree'))
  const file = join(top, 'tree/f')
  await writeFile(file, 'one')
  const digest = () => {
    const memo = new DigestMemo(join(top, 'memo'))
    const result = digestTree(join(top, 'tree'), { include: ['/'] }, () => undefined, { memo })
    memo.save()
    return result
  }
  const plain = () => digestTree(join(top, 'tree'), { include: ['/'] }, () => undefined)
  assert.equal(digest(), plain())
  const lines = await readFile(join(top, 'memo'), 'utf8')
  assert.equal(digest(), plain())
  assert.equal(await readFile(join(top, 'memo'), 'utf8'), lines)
  await writeFile(file, 'two')
  assert.equal(digest(), plain())
})

test('small files in memory, through links that stay inside', () => {
  const files = new TextFiles()
  const add = (path: string, entry: Entry) => {
    if (files.entry(statOf(path, entry))) files.data(path, Buffer.from(entry.text ?? ''))
  }
  add('Dockerfile', { type: 'symlink', link: '../../docker/File' })
  add('docker', { type: 'directory' })
  add('docker/File', { text: 'FROM x' })
  add('loop', { type: 'symlink', link: 'loop' })
  assert.equal(files.text('Dockerfile'), 'FROM x')
  assert.equal(files.text('loop'), null)
  assert.equal(files.text('none'), null)
  assert.throws(() => files.entry({ ...statOf('big', {}), size: 5 << 20 }), /larger than/)
})
