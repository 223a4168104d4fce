import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { chmod, lchown, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { type Digest, digestOf, entryHeader, tarOf } from '@gantry/oci'
import { getXattr, makeNodeAt, NodeType, setXattr } from '@gantry/syscall'
import { ArchiveWorkers } from './index.ts'

/** On a real file system: holes and attributes are not the same on tmpfs. */
async function scratch(t: TestContext): Promise<string> {
  const directory = await mkdtemp('/var/tmp/gantry-archive-')
  t.after(() => rm(directory, { recursive: true, force: true }))
  for (const name of ['from', 'to']) await mkdir(join(directory, name), { mode: 0o755 })
  return directory
}

function workers(t: TestContext): ArchiveWorkers {
  const archive = new ArchiveWorkers()
  t.after(() => archive.close())
  return archive
}

function opened(t: TestContext, path: string): { kind: 'open'; fd: number } {
  const fd = openSync(path, constants.O_RDONLY)
  t.after(() => closeSync(fd))
  return { kind: 'open', fd }
}

/** Everything that can be told of a tree, as lines. */
function listing(root: string, path = '', links = new Map<bigint, string>()): string[] {
  const lines: string[] = []
  for (const name of readdirSync(join(root, path)).sort()) {
    const inside = join(path, name)
    const place = join(root, inside)
    const info = lstatSync(place, { bigint: true })
    const attributes = ['user.note', 'security.capability'].map((key) =>
      info.isSymbolicLink() ? '' : (getXattr(Buffer.from(place), key)?.toString('hex') ?? ''),
    )
    const content = info.isFile()
      ? readFileSync(place).toString('base64')
      : info.isSymbolicLink()
        ? readlinkSync(place)
        : ''
    const holes = info.isFile() && info.size - info.blocks * 512n >= 1024n * 1024n
    const owner = `${info.mode.toString(8)} ${info.uid}:${info.gid}`
    lines.push(
      `${inside} ${owner} ${info.mtimeNs} ${info.rdev} ${links.get(info.ino) ?? ''} ${holes} ${attributes} ${content}`,
    )
    if (info.nlink > 1n && !links.has(info.ino)) links.set(info.ino, inside)
    if (info.isDirectory()) lines.push(...listing(root, inside, links))
  }
  return lines
}

/** A pseudo-random source that a failing test can name. */
function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % below
  }
}

const names = ['a', 'long'.repeat(50), 'ünïcode', 'with space', 'tab\there', '-dash', '.hidden', 'new\nline']

function makeFile(place: string, next: (below: number) => number): void {
  if (next(8) === 0) {
    writeFileSync(place, '')
    truncateSync(place, 5_000_000 + next(1000))
    const fd = openSync(place, 'r+')
    for (let piece = next(4); piece > 0; piece--) writeSync(fd, randomBytes(5000), 0, 5000, next(4_900_000))
    closeSync(fd)
  } else writeFileSync(place, randomBytes(next(4) === 0 ? 1_500_000 + next(5000) : next(3000)))
}

async function makeTree(root: string, next: (below: number) => number): Promise<void> {
  const directories = [root]
  const files: string[] = []
  for (let count = 40; count > 0; count--) {
    const parent = directories[next(directories.length)] as string
    const place = join(parent, `${names[next(names.length)]}${count}`)
    const kind = next(8)
    const linked = files[next(Math.max(files.length, 1))]
    if (kind < 2) directories.push(place)
    if (kind < 2) mkdirSync(place)
    else if (kind === 2) symlinkSync(['/etc/passwd', '../..', 'x'.repeat(300)][next(3)] as string, place)
    else if (kind === 3 && linked) linkSync(linked, place)
    else if (kind === 4) makeNode(parent, place, next)
    else makeFile(place, next)
    const info = lstatSync(place)
    if (info.isFile() && info.nlink === 1) files.push(place)
    if (info.nlink > 1 && !info.isDirectory()) continue
    await lchown(place, [0, 7, 1_000_000, 4_000_000_000][next(4)] as number, next(5))
    if (!info.isSymbolicLink()) {
      await chmod(place, [0o644, 0o4755, 0o1777, 0o000, 0o2750][next(5)] as number)
      if (next(3) === 0 && (info.isFile() || info.isDirectory()))
        setXattr(Buffer.from(place), 'user.note', randomBytes(next(100)))
    }
    if (!info.isDirectory()) lutimesSync(place, 1, next(2_000_000_000) - 100_000_000 + 0.25)
  }
  for (const directory of directories.reverse()) lutimesSync(directory, 1, next(1_000_000_000) + 0.5)
}

function makeNode(parent: string, place: string, next: (below: number) => number): void {
  const directory = openSync(parent, constants.O_RDONLY)
  const name = Buffer.from(place.slice(parent.length + 1))
  const [type, major, minor] = [
    [NodeType.fifo, 0, 0],
    [NodeType.character, 1, 3],
    [NodeType.block, 259, 70_000],
  ][next(3)] as [number, number, number]
  makeNodeAt(directory, name, type, major, minor)
  closeSync(directory)
}

test('a tree that is packed and unpacked is the same tree', async (t) => {
  const archive = workers(t)
  for (let seed = 1; seed <= 6; seed++) {
    const directory = await scratch(t)
    await makeTree(join(directory, 'from'), random(seed))
    const source = await archive.export(opened(t, join(directory, 'from')))
    const to = opened(t, join(directory, 'to'))
    await archive.unpack(source, { view: to, path: '/', keepKinds: true, owner: null })
    assert.deepEqual(listing(join(directory, 'to')), listing(join(directory, 'from')), `seed ${seed}`)
  }
})

test('the same tree gives the same archive, and GNU tar reads it', async (t) => {
  const archive = workers(t)
  const directory = await scratch(t)
  await makeTree(join(directory, 'from'), random(99))
  const from = opened(t, join(directory, 'from'))
  const bytes = await buffer(await archive.export(from))
  assert.ok(bytes.equals(await buffer(await archive.export(from))))
  execFileSync('tar', ['--xattrs', '--numeric-owner', '-xpf', '-', '-C', join(directory, 'to')], {
    input: bytes,
  })
  assert.deepEqual(listing(join(directory, 'to')), listing(join(directory, 'from')))
})

test('an archive that nobody reads on waits, and its end frees the thread', async (t) => {
  const archive = workers(t)
  const directory = await scratch(t)
  writeFileSync(join(directory, 'from/big'), randomBytes(30_000_000))
  const body = await archive.export(opened(t, join(directory, 'from')))
  const [first] = await body.take(1).toArray()
  assert.ok(first.length > 0)
  body.destroy()
  assert.equal((await archive.stat(opened(t, join(directory, 'from')), '/big')).size, 30_000_000)
})

test('what a path names is told as Docker tells it', async (t) => {
  const archive = workers(t)
  const directory = await scratch(t)
  const root = join(directory, 'from')
  const view = opened(t, root)
  mkdirSync(join(root, 'd'))
  writeFileSync(join(root, 'd/f'), 'content')
  await chmod(join(root, 'd/f'), 0o4711)
  for (const [name, target] of Object.entries({ abs: '/d', up: '../../../..', gone: 'd/no/x', loop: 'loop' }))
    symlinkSync(target, join(root, name))
  const told = async (path: string) => {
    const { name, size, mode, linkTarget } = await archive.stat(view, path)
    return [name, size, mode >>> 0, linkTarget]
  }
  const directoryMode = 2 ** 31 + 0o755
  const linkMode = 2 ** 27 + 0o777
  const size = lstatSync(join(root, 'd')).size
  assert.deepEqual(await told('/d/f'), ['f', 7, 2 ** 23 + 0o711, ''])
  assert.deepEqual(await told('d'), ['d', size, directoryMode, ''])
  assert.deepEqual(await told('abs'), ['abs', 2, linkMode, '/d'])
  assert.deepEqual(await told('abs/'), ['abs', size, directoryMode, ''])
  assert.deepEqual(await told('/abs/.'), ['.', size, directoryMode, ''])
  assert.deepEqual(await told('/up'), ['up', 11, linkMode, '/'])
  assert.deepEqual(await told('/gone'), ['gone', 6, linkMode, '/d/no/x'])
  assert.deepEqual((await told('../x/../'))[0], '/')
  for (const path of ['/nope', '/gone/x']) {
    await assert.rejects(archive.stat(view, path), { kind: 'NotFound', message: path })
  }
  for (const path of ['/d/f/', '/d/f/x', '/loop/x'])
    await assert.rejects(archive.stat(view, path), { kind: 'InvalidParameter' })
})

test('entries bear the name that was asked for', async (t) => {
  const archive = workers(t)
  const directory = await scratch(t)
  const root = join(directory, 'from')
  mkdirSync(join(root, 'd'))
  writeFileSync(join(root, 'd/f'), 'x')
  symlinkSync('d', join(root, 'l'))
  const view = opened(t, root)
  const listed = async (path: string) => {
    const { body } = await archive.pack(view, path, [])
    const input = await buffer(body)
    return execFileSync('tar', ['-Ptf', '-'], { input, encoding: 'utf8' }).trim().split('\n')
  }
  assert.deepEqual(await listed('/d'), ['d/', 'd/f'])
  assert.deepEqual(await listed('/d/.'), ['./', './f'])
  assert.deepEqual(await listed('/l'), ['l'])
  assert.deepEqual(await listed('/l/'), ['l/', 'l/f'])
  assert.deepEqual(await listed('/'), ['/', '/d/', '/d/f', '/l'])
  assert.deepEqual(await listed('.'), ['./', './d/', './d/f', './l'])
})

test('unpacking keeps directories and files apart when asked to', async (t) => {
  const archive = workers(t)
  const directory = await scratch(t)
  const root = join(directory, 'to')
  mkdirSync(join(root, 'd/x'), { recursive: true })
  writeFileSync(join(root, 'd/f'), 'x')
  const view = opened(t, root)
  const put = async (name: string, type: 'file' | 'directory', keepKinds: boolean) =>
    archive.unpack(Readable.from([await tarOf([{ header: entryHeader({ name, type }) }])]), {
      view,
      path: '/d',
      keepKinds,
      owner: { uid: 3, gid: 4 },
    })
  await assert.rejects(put('x', 'file', true), {
    message: 'cannot overwrite directory "/d/x" with non-directory "/d"',
  })
  await assert.rejects(put('f', 'directory', true), {
    message: 'cannot overwrite non-directory "/d/f" with directory "/d"',
  })
  await put('x', 'file', false)
  await put('f', 'directory', false)
  await put('.wh.f', 'file', false)
  const info = lstatSync(join(root, 'd/f'))
  assert.deepEqual([info.isDirectory(), info.uid, info.gid], [true, 3, 4])
  assert.deepEqual(readdirSync(join(root, 'd')).sort(), ['.wh.f', 'f', 'x'])
})

test('a source that fails ends the unpacking', async (t) => {
  const archive = workers(t)
  const directory = await scratch(t)
  const source = new Readable({ read() {} })
  source.push(Buffer.alloc(100))
  const unpacking = archive.unpack(source, {
    view: opened(t, directory),
    path: '/to',
    keepKinds: true,
    owner: null,
  })
  setTimeout(() => source.destroy(new Error('gone')), 50)
  await assert.rejects(unpacking, /gone|ended early|Premature close/)
})

test('a sealed directory is what its archive unpacks to', async (t) => {
  const root = await scratch(t)
  const archive = workers(t)
  const [upper, lower] = [join(root, 'from'), join(root, 'to')]
  mkdirSync(join(lower, 'etc'))
  writeFileSync(join(lower, 'etc/gone'), 'x')
  mkdirSync(join(upper, 'etc'))
  writeFileSync(join(upper, 'etc/hosts'), '')
  writeFileSync(join(upper, 'etc/kept'), randomBytes(3 << 20))
  mkdirSync(join(upper, 'made/for/mount'), { recursive: true })
  const fd = openSync(join(upper, 'etc'), constants.O_RDONLY)
  t.after(() => closeSync(fd))
  makeNodeAt(fd, Buffer.from('gone'), NodeType.character, 0, 0)
  lutimesSync(join(upper, 'etc'), 1_000_000, 1_000_000)
  await chmod(upper, 0o700)
  const mountPoints = ['etc/hosts', 'made', 'made/for', 'made/for/mount']
  const layer = await buffer(await archive.layer({ upper, lower: [lower], mountPoints }))
  const file = join(root, 'layer.tar')
  const sealed = await archive.seal({ upper, lower: [lower], mountPoints }, file)
  assert.deepEqual(sealed, { digest: digestOf(layer), size: layer.length, contentSize: 3 << 20 })
  assert.ok(readFileSync(file).equals(layer))
  assert.deepEqual(readdirSync(upper), ['etc'])
  assert.deepEqual(readdirSync(join(upper, 'etc')).sort(), ['gone', 'kept'])
  assert.equal(lstatSync(join(upper, 'etc')).mtimeMs, 1_000_000_000)
  assert.equal(lstatSync(upper).mode & 0o777, 0o755)
})

test('sealing can be given up', async (t) => {
  const root = await scratch(t)
  writeFileSync(join(root, 'from/big'), randomBytes(8 << 20))
  const archive = workers(t)
  const upper = { upper: join(root, 'from'), lower: [], mountPoints: [] }
  const abort = new AbortController()
  const sealing = archive.seal(upper, join(root, 'layer.tar'), abort.signal)
  abort.abort()
  await assert.rejects(sealing, { kind: 'Cancelled' })
  await archive.seal(upper, join(root, 'again.tar'))
})

test('a file is compressed, tells how far it is, and is checked on the way', async (t) => {
  const directory = await scratch(t)
  const archive = workers(t)
  const [source, target] = [join(directory, 'plain'), join(directory, 'packed')]
  const bytes = Buffer.alloc(2_000_000, 'words ')
  writeFileSync(source, bytes)
  const heard: number[] = []
  const blob = await archive.compress(source, digestOf(bytes), target, {
    onProgress: (read) => heard.push(read),
  })
  const packed = readFileSync(target)
  assert.deepEqual(blob, { digest: digestOf(packed), size: packed.length })
  assert.deepEqual(gunzipSync(packed), bytes)
  assert.ok(heard.length > 0 && heard.every((read) => read > 0 && read <= bytes.length), String(heard))
  const wrong: Digest = digestOf('something else')
  await assert.rejects(archive.compress(source, wrong, join(directory, 'wrong')), { kind: 'System' })
  const signal = AbortSignal.abort(new Error('given up'))
  await assert.rejects(archive.compress(source, blob.digest, join(directory, 'none'), { signal }), /given up/)
})
