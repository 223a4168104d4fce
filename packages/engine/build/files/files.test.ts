import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { CopyRequest, Files } from '@gantry/build'
import { FileThreads } from './file-threads.ts'
import { createFiles } from './files.ts'
import { Listings } from './listings.ts'
import { parseMode } from './mode.ts'

suite('files of a build', () => {
  let top: string
  let files: Files
  const threads = new FileThreads()
  let count = 0

  before(async () => {
    top = await mkdtemp('/tmp/gantry-build-files-')
    files = createFiles(threads, join(top, 'documents'), new Listings(join(top, 'listings'), threads))
  })
  after(async () => {
    threads.close()
    await rm(top, { recursive: true, force: true })
  })

  /** A context and a target, new for each test. */
  function roots(): { from: string; to: string } {
    const directory = join(top, String(++count))
    const [from, to] = [join(directory, 'from'), join(directory, 'to')]
    mkdirSync(join(from, 'dir/sub'), { recursive: true })
    mkdirSync(to)
    writeFileSync(join(from, 'a.txt'), 'a')
    writeFileSync(join(from, 'b.md'), 'b')
    writeFileSync(join(from, 'dir/c.txt'), 'c')
    writeFileSync(join(from, 'dir/sub/d.txt'), 'd')
    chmodSync(join(from, 'dir'), 0o711)
    symlinkSync('c.txt', join(from, 'dir/link'))
    symlinkSync('dir/c.txt', join(from, 'top-link'))
    return { from, to }
  }

  const copy = (request: Partial<CopyRequest> & Pick<CopyRequest, 'from' | 'to' | 'sources' | 'dest'>) =>
    files.copy({
      owner: null,
      unpack: false,
      parents: false,
      exclude: [],
      followLinks: true,
      signal: new AbortController().signal,
      ...request,
    })

  const tree = async (root: string): Promise<string[]> => (await readdir(root, { recursive: true })).sort()

  test('a file gets the name of the destination, or goes into a directory', async () => {
    const { from, to } = roots()
    await copy({ from, to, sources: ['a.txt'], dest: '/new/name' })
    await copy({ from, to, sources: ['a.txt'], dest: '/new' })
    await copy({ from, to, sources: ['b.md'], dest: '/made/' })
    assert.deepEqual(await tree(to), ['made', 'made/b.md', 'new', 'new/a.txt', 'new/name'])
  })

  test('of a directory what is in it is copied; a new destination takes its mode', async () => {
    const { from, to } = roots()
    await copy({ from, to, sources: ['dir'], dest: '/x/y' })
    assert.deepEqual(await tree(to), ['x', 'x/y', 'x/y/c.txt', 'x/y/link', 'x/y/sub', 'x/y/sub/d.txt'])
    assert.equal(lstatSync(join(to, 'x/y')).mode & 0o777, 0o711)
    assert.equal(readlinkSync(join(to, 'x/y/link')), 'c.txt')
    await copy({ from, to, sources: ['dir/'], dest: '/' })
    assert.ok((await tree(to)).includes('sub/d.txt'))
  })

  test('names of one file in a directory stay names of one file', async () => {
    const { from, to } = roots()
    linkSync(join(from, 'dir/c.txt'), join(from, 'dir/sub/hard'))
    linkSync(join(from, 'dir/link'), join(from, 'dir/sub/link'))
    linkSync(join(from, 'a.txt'), join(from, 'dir/elsewhere'))
    for (const dest of ['/new', '/there/']) {
      await copy({ from, to, sources: ['dir'], dest, chmod: '600', owner: { uid: 5, gid: 6 } })
      const [one, other] = ['c.txt', 'sub/hard'].map((name) => lstatSync(join(to, dest, name)))
      assert.equal(one?.ino, other?.ino)
      assert.deepEqual([one?.nlink, one?.uid, (one?.mode ?? 0) & 0o777], [2, 5, 0o600])
      assert.equal(lstatSync(join(to, dest, 'elsewhere')).nlink, 1)
      assert.equal(readlinkSync(join(to, dest, 'sub/link')), 'c.txt')
    }
    await copy({ from, to, sources: ['dir'], dest: '/some', exclude: ['c.txt'] })
    assert.equal(readFileSync(join(to, 'some/sub/hard'), 'utf8'), 'c')
  })

  test('a link that is named stands for what it points to', async () => {
    const { from, to } = roots()
    await copy({ from, to, sources: ['top-link'], dest: '/file' })
    assert.equal(readFileSync(join(to, 'file'), 'utf8'), 'c')
  })

  test('patterns, exclusions, parents, owners and modes', async () => {
    const { from, to } = roots()
    await copy({ from, to, sources: ['*.txt', 'dir/*/d.txt'], dest: '/p/' })
    assert.deepEqual(await tree(join(to, 'p')), ['a.txt', 'd.txt'])
    await copy({ from, to, sources: ['.'], dest: '/e', exclude: ['**/*.txt'] })
    assert.deepEqual(await tree(join(to, 'e')), ['b.md', 'dir', 'dir/link', 'dir/sub', 'top-link'])
    const kept = { sources: ['.'], exclude: ['*', '!dir/sub', 'dir/sub/l*'] }
    chmodSync(join(from, 'dir'), 0o711)
    await copy({ from, to, ...kept, dest: '/back' })
    assert.deepEqual(await tree(join(to, 'back')), ['dir', 'dir/sub', 'dir/sub/d.txt'])
    assert.equal(lstatSync(join(to, 'back/dir')).mode & 0o777, 0o711)
    const digest = () => files.tree(from).digest({ include: kept.sources, exclude: kept.exclude })
    const before = await digest()
    writeFileSync(join(from, 'a.txt'), 'it does not matter')
    assert.equal(await digest(), before)
    writeFileSync(join(from, 'dir/sub/d.txt'), 'it matters')
    assert.notEqual(await digest(), before)
    await copy({ from, to, sources: ['dir/sub/d.txt'], dest: '/parents/', parents: true })
    assert.deepEqual(await tree(join(to, 'parents')), ['dir', 'dir/sub', 'dir/sub/d.txt'])
    await copy({ from, to, sources: ['./dir/./sub/d.txt'], dest: '/pivot/', parents: true })
    assert.deepEqual(await tree(join(to, 'pivot')), ['sub', 'sub/d.txt'])
    await copy({ from, to, sources: ['dir/sub/d.txt', 'dir/./c.txt'], dest: '/each', parents: true })
    assert.deepEqual(await tree(join(to, 'each')), ['c.txt', 'dir', 'dir/sub', 'dir/sub/d.txt'])
    await copy({ from, to, sources: ['*/./sub/d.txt'], dest: '/stars', parents: true })
    assert.deepEqual(await tree(join(to, 'stars')), ['sub', 'sub/d.txt'])
    await copy({ from, to, sources: ['a.txt'], dest: '/owned', owner: { uid: 7, gid: 8 }, chmod: '4750' })
    const { uid, gid, mode } = lstatSync(join(to, 'owned'))
    assert.deepEqual([uid, gid, mode & 0o7777], [7, 8, 0o4750])
  })

  test('owners: names and what they stand for, a number that is user and group', async () => {
    const root = join(top, 'owners')
    await mkdir(join(root, 'etc'), { recursive: true })
    await writeFile(join(root, 'etc/passwd'), 'app:x:1000:50::/:/bin/sh\n')
    await writeFile(join(root, 'etc/group'), 'staff:x:60:\n')
    assert.deepEqual(await files.owner(root, 'app'), { uid: 1000, gid: 50 })
    assert.deepEqual(await files.owner(root, 'app:staff'), { uid: 1000, gid: 60 })
    assert.deepEqual(await files.owner(root, ':staff'), { uid: 0, gid: 60 })
    assert.deepEqual(await files.owner(root, '1000'), { uid: 1000, gid: 1000 })
    assert.deepEqual(await files.owner(root, '7:8'), { uid: 7, gid: 8 })
    await assert.rejects(files.owner(root, 'nobody'), /unable to find user nobody/)
    await assert.rejects(files.owner(root, '4294967296'), /uids and gids must be in range/)
  })

  test('directories that are made get the owner, and with --parents the modes of those they stand for', async () => {
    const { from, to } = roots()
    const owner = { uid: 7, gid: 8 }
    const of = (path: string) => {
      const { uid, gid, mode } = lstatSync(join(to, path))
      return [uid, gid, mode & 0o7777]
    }
    mkdirSync(join(to, 'there'))
    await copy({ from, to, sources: ['a.txt'], dest: '/there/n/m/', owner })
    assert.deepEqual([of('there')[0], of('there/n'), of('there/n/m')], [0, [7, 8, 0o755], [7, 8, 0o755]])
    await copy({ from, to, sources: ['dir/sub/d.txt'], dest: '/there/p', parents: true, owner })
    assert.deepEqual(
      [of('there/p'), of('there/p/dir')],
      [
        [7, 8, 0o755],
        [7, 8, 0o711],
      ],
    )
    await files.makeDirectory(to, '/there/w/v', owner)
    assert.deepEqual([of('there')[0], of('there/w'), of('there/w/v')], [0, [7, 8, 0o755], [7, 8, 0o755]])
  })

  test('archives are unpacked when that is asked for', async () => {
    const { from, to } = roots()
    execFileSync('tar', ['-C', join(from, 'dir'), '-czf', join(from, 'dir.tgz'), '.'])
    await copy({ from, to, sources: ['dir.tgz'], dest: '/unpacked', unpack: true })
    assert.deepEqual(await tree(join(to, 'unpacked')), ['c.txt', 'link', 'sub', 'sub/d.txt'])
    for (const [name, option] of [
      ['dir.tbz', '-j'],
      ['dir.txz', '-J'],
    ] as const) {
      execFileSync('tar', ['-C', join(from, 'dir'), option, '-cf', join(from, name), '.'])
      await copy({ from, to, sources: [name], dest: `/${name}`, unpack: true })
      assert.deepEqual(await tree(join(to, name)), ['c.txt', 'link', 'sub', 'sub/d.txt'])
    }
    await copy({ from, to, sources: ['dir.tgz'], dest: '/kept', unpack: false })
    assert.deepEqual(readFileSync(join(to, 'kept')), readFileSync(join(from, 'dir.tgz')))
    await copy({ from, to, sources: ['a.txt'], dest: '/plain', unpack: true })
    assert.equal(readFileSync(join(to, 'plain'), 'utf8'), 'a')
  })

  test('what is missing, and what is in the way', async () => {
    const { from, to } = roots()
    await assert.rejects(copy({ from, to, sources: ['/nothing'], dest: '/' }), {
      message: '"/nothing": not found',
    })
    await assert.rejects(copy({ from, to, sources: ['../nothing'], dest: '/' }), {
      message: '"/nothing": not found (.. cannot lead above the top of what is copied from)',
    })
    await copy({ from, to, sources: ['*.none'], dest: '/' })
    writeFileSync(join(to, 'file'), '')
    await assert.rejects(copy({ from, to, sources: ['dir'], dest: '/file' }), {
      message: 'cannot copy to non-directory: /file',
    })
  })

  test('links of the target that lead nowhere give way to what they name, inside of it', async () => {
    const { from, to } = roots()
    mkdirSync(join(to, 'a/b'), { recursive: true })
    symlinkSync('/gone/far', join(to, 'in'))
    symlinkSync('../x/y', join(to, 'a/b/relative'))
    symlinkSync('a/b/relative', join(to, 'twice'))
    symlinkSync('../../../../up', join(to, 'out'))
    symlinkSync('self', join(to, 'self'))
    await copy({ from, to, sources: ['a.txt'], dest: '/in/' })
    await copy({ from, to, sources: ['dir/sub'], dest: '/twice/made' })
    await copy({ from, to, sources: ['dir/sub'], dest: '/out' })
    await files.makeDirectory(to, '/in/work', { uid: 0, gid: 0 })
    for (const [path, content] of [
      ['gone/far/a.txt', 'a'],
      ['a/x/y/made/d.txt', 'd'],
      ['up/d.txt', 'd'],
    ] as const)
      assert.equal(readFileSync(join(to, path), 'utf8'), content)
    assert.ok(lstatSync(join(to, 'gone/far/work')).isDirectory())
    await assert.rejects(copy({ from, to, sources: ['a.txt'], dest: '/self/x' }), {
      kind: 'InvalidParameter',
      message: 'too many links in /self',
    })
    await assert.rejects(files.makeDirectory(to, '/self/x', { uid: 0, gid: 0 }), {
      kind: 'InvalidParameter',
      message: 'too many links in /self/x',
    })
  })

  test('CVE-2024-23651 and CVE-2018-15664: links lead nowhere but into their own root', async () => {
    const { from, to } = roots()
    const canary = join(top, 'canary')
    mkdirSync(canary, { recursive: true })
    writeFileSync(join(canary, 'secret'), 'secret')
    symlinkSync(canary, join(from, 'out'))
    symlinkSync(canary, join(to, 'out'))
    symlinkSync('../../../../../..', join(from, 'up'))
    await assert.rejects(copy({ from, to, sources: ['out/secret'], dest: '/x' }), /not found/)
    await assert.rejects(copy({ from, to, sources: ['../../canary/secret'], dest: '/x' }), /not found/)
    await copy({ from, to, sources: ['up/a.txt'], dest: '/x' })
    assert.equal(readFileSync(join(to, 'x'), 'utf8'), 'a')
    await copy({ from, to, sources: ['a.txt'], dest: '/out/a.txt' }).catch(() => undefined)
    assert.deepEqual(await readdir(canary), ['secret'])
  })

  test('a digest tells content and modes, not times', async () => {
    const { from } = roots()
    const of = (...include: string[]) => files.tree(from).digest({ include, followLinks: true })
    const before = await of('dir', '*.txt')
    utimesSync(join(from, 'a.txt'), 1, 1)
    assert.equal(await of('dir', '*.txt'), before)
    writeFileSync(join(from, 'b.md'), 'changed')
    assert.equal(await of('dir', '*.txt'), before)
    chmodSync(join(from, 'dir/c.txt'), 0o600)
    const changed = await of('dir', '*.txt')
    assert.notEqual(changed, before)
    writeFileSync(join(from, 'dir/sub/d.txt'), 'D')
    assert.notEqual(await of('dir', '*.txt'), changed)
    await assert.rejects(of('none'), { message: '"/none": not found' })
  })

  test('documents are files until they are given back', async () => {
    const content = 'hello\n'
    const document = { name: '/x/name', content, expand: true, chomp: false, descriptor: '' }
    const made = await files.documents([document])
    const hash = createHash('sha256')
      .update(readFileSync(join(made.root, 'name')))
      .digest('hex')
    assert.equal(hash, createHash('sha256').update(content).digest('hex'))
    await made[Symbol.asyncDispose]()
    await assert.rejects(readdir(made.root))
  })

  test('working directories are made with their owner, and left when they are there', async () => {
    const { to } = roots()
    await files.makeDirectory(to, '/a/b', { uid: 3, gid: 4 })
    assert.deepEqual([lstatSync(join(to, 'a')).uid, lstatSync(join(to, 'a/b')).uid], [3, 3])
    await files.makeDirectory(to, '/a/b', { uid: 9, gid: 9 })
    assert.equal(lstatSync(join(to, 'a/b')).uid, 3)
  })
})

test('modes by number and by change', () => {
  const change = (text: string, mode: number, isDirectory = false) =>
    parseMode(text)(mode, isDirectory).toString(8)
  assert.equal(change('755', 0o600), '755')
  assert.equal(change('u+x,go-w', 0o666), '744')
  assert.equal(change('a=r', 0o777), '444')
  assert.equal(change('+X', 0o644), '644')
  assert.equal(change('+X', 0o644, true), '755')
  assert.equal(change('u+s,+t', 0o755), '5755')
  assert.equal(change('00755', 0o600), '755')
  // A group's letter stands for what it has; several changes for the same groups.
  assert.equal(change('g=u', 0o640), '660')
  assert.equal(change('go=u-w', 0o640), '644')
  assert.equal(change('u=g', 0o750), '550')
  assert.equal(change('o-g', 0o776), '770')
  assert.equal(change('u=rwX,go=rX', 0o640), '644')
  assert.equal(change('u=rwX,go=rX', 0o640, true), '755')
  assert.equal(change('a=rX', 0o6755), '555')
  assert.equal(change('o+s', 0o755), '755')
  for (const wrong of ['', 'u', 'u+x,', '888', '10755', 'u+x go-w', '+x+y'])
    assert.throws(() => parseMode(wrong), /invalid chmod parameter/, wrong)
  assert.throws(() => parseMode('u+q'), /invalid chmod parameter/)
})
