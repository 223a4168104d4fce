import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import {
  createRegistries,
  type Digest,
  defaultRegistryConfig,
  digestOf,
  entryHeader,
  hexOf,
  hostPlatform,
  readEntry,
  readTar,
  tarOf,
} from '@gantry/oci'
import { openContentStore, openDatabase, openLayerStore } from '@gantry/store'
import { chainOf } from './catalog.ts'
import { createImages, type ImageService } from './index.ts'

interface Bench {
  directory: string
  images: ImageService
  /** `action name` of each event. */
  events: string[]
  users: { image: Digest; id: string; running: boolean }[]
  /** As after a restart. */
  reopen(): Promise<ImageService>
}

async function bench(t: TestContext): Promise<Bench> {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-images-'))
  const database = openDatabase(join(directory, 'test.db'))
  t.after(async () => {
    database.close()
    await rm(directory, { recursive: true, force: true })
  })
  const events: string[] = []
  const users: Bench['users'] = []
  const reopen = async () =>
    createImages({
      registries: createRegistries(defaultRegistryConfig),
      content: await openContentStore(join(directory, 'content')),
      layers: await openLayerStore(join(directory, 'layers')),
      database,
      events: { publish: (_type, action, _id, { name }) => events.push(`${action} ${name}`) },
      usersOfImage: (id) => users.filter(({ image }) => image === id),
    })
  return { directory, images: await reopen(), events, users, reopen }
}

const tarFile = (name: string, content: Buffer | string, mode = 0o644) => ({
  header: entryHeader({ name, type: 'file', mode, size: Buffer.byteLength(content) }),
  content: [Buffer.from(content)],
})

const rootfs = (content: string) => tarOf([tarFile('file', content)])
const importRootfs = async ({ images }: Bench, content: string, repo?: string, changes: string[] = []) =>
  images.import(Readable.from([await rootfs(content)]), { repo, changes })

async function load({ images }: Bench, archive: Buffer, platforms: string[] = []): Promise<string> {
  let text = ''
  for await (const { stream } of images.load(Readable.from([archive]), { platforms })) text += stream ?? ''
  return text
}

async function save({ images }: Bench, ...references: string[]): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(await images.save(references)))
}

async function blobsIn({ directory }: Bench): Promise<string[]> {
  return (await readdir(join(directory, 'content/blobs/sha256'))).sort()
}

async function nothingIsLeft(b: Bench): Promise<void> {
  assert.deepEqual(await blobsIn(b), [])
  assert.deepEqual(await readdir(join(b.directory, 'layers')), ['tmp'])
  for (const drafts of ['layers/tmp', 'content/uploads'])
    assert.deepEqual(await readdir(join(b.directory, drafts)), [])
}

test('import makes an image of one layer, with changes and a name', async (t) => {
  const b = await bench(t)
  const id = await b.images.import(Readable.from([gzipSync(await rootfs('hi'))]), {
    repo: 'box',
    tag: '1',
    message: 'note',
    changes: ['CMD ["cat","/x"]', 'ENV A=b C="d e"', 'EXPOSE 80 53/udp', 'LABEL k=v', 'WORKDIR /srv'],
  })
  const { id: resolved, config, chainId } = await b.images.resolve('box:1')
  assert.equal(resolved, id)
  assert.deepEqual(config.Cmd, ['cat', '/x'])
  assert.deepEqual(config.Env, ['A=b', 'C=d e'])
  assert.deepEqual(Object.keys(config.ExposedPorts ?? {}), ['53/udp', '80/tcp'])
  assert.equal(config.WorkingDir, '/srv')
  assert.equal(chainId, digestOf(await rootfs('hi')))
  const [top] = await b.images.rootfs(id)
  assert.equal(await readFile(join(top as string, 'file'), 'utf8'), 'hi')
  const inspected = await b.images.inspect('box:1')
  assert.equal(inspected.Comment, 'note')
  assert.deepEqual(inspected.RepoTags, ['box:1'])
  assert.equal(inspected.Size, 2)
  assert.deepEqual(b.events, ['tag box:1', `import ${id}`])
  const [step] = await b.images.history('box:1')
  assert.deepEqual([step?.Id, step?.Tags, step?.Size, step?.Comment], [id, ['box:1'], 2, 'note'])
})

test('import refuses what is wrong before it reads, and leaves nothing', async (t) => {
  const b = await bench(t)
  const attempt = (options: object) => b.images.import(Readable.from([Buffer.from('garbage')]), options)
  await assert.rejects(attempt({ changes: ['NOPE x'] }), {
    kind: 'InvalidParameter',
    message: 'nope is not a valid change command',
  })
  await assert.rejects(attempt({ repo: 'Bad' }), {
    message: 'invalid reference format: repository name (library/Bad) must be lowercase',
  })
  await assert.rejects(attempt({ platform: 'windows/amd64' }), {
    kind: 'InvalidParameter',
    message: 'operating system is not supported',
  })
  await assert.rejects(attempt({ repo: 'x' }), { kind: 'InvalidParameter', message: 'unexpected EOF' })
  await assert.rejects(b.images.import(Readable.from([gzipSync('x'.repeat(999)).subarray(0, 20)]), {}), {
    kind: 'InvalidParameter',
  })
  await nothingIsLeft(b)
  assert.equal(b.images.count(), 0)
})

test('import from a URL: progress, redirects, and what goes wrong in the words of Docker', async (t) => {
  const b = await bench(t)
  const archive = gzipSync(await rootfs('hi'))
  const seen: (string | undefined)[] = []
  const server = createServer(({ url = '', headers }, answer) => {
    seen.push(headers.authorization)
    if (url === '/fs.tgz') answer.writeHead(200, { 'Content-Length': archive.length }).end(archive)
    else if (url === '/moved') answer.writeHead(302, { Location: '/fs.tgz' }).end()
    else if (url === '/loop') answer.writeHead(302, { Location: '/loop' }).end()
    else if (url === '/away') answer.writeHead(302, { Location: 'http://169.254.169.254/secret' }).end()
    else if (url === '/broken') answer.writeHead(500).end('oops\n')
    else if (url === '/short') {
      answer.writeHead(200, { 'Content-Length': 100_000 }).write(archive.subarray(0, 20))
      answer.socket?.end()
    } else answer.writeHead(404).end('<html>')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const messages = (address: string, options = {}) => Array.fromAsync(b.images.importFrom(address, options))
  const [first, progress, last] = await messages(`http://ann:secret@${host}/fs.tgz`, {
    repo: 'web',
    changes: ['CMD x'],
  })
  assert.deepEqual(first, { status: `Downloading from http://ann:xxxxx@${host}/fs.tgz` })
  const progressDetail = { current: archive.length, total: archive.length }
  assert.deepEqual(progress, { status: 'Importing', progressDetail })
  const { id, config } = await b.images.resolve('web')
  assert.deepEqual(last, { status: id })
  assert.deepEqual(config.Cmd, ['/bin/sh', '-c', 'x'])
  const { Comment } = await b.images.inspect('web')
  assert.equal(Comment, `Imported from http://ann:xxxxx@${host}/fs.tgz`)
  assert.deepEqual(seen, [`Basic ${Buffer.from('ann:secret').toString('base64')}`])
  assert.equal((await messages(`${host}/moved`))[0]?.status, `Downloading from http://${host}/moved`)
  for (const { Id } of await b.images.list({})) await b.images.remove(Id, { force: true })
  for (const [address, kind, message] of [
    [`${host}/none`, 'NotFound', `failed to GET http://${host}/none with status 404 Not Found`],
    [`${host}/broken`, 'System', `failed to GET http://${host}/broken with status 500 Internal Server Error`],
    [`${host}/loop`, 'System', 'Get "/loop": stopped after 10 redirects'],
    [`${host}/away`, 'System', /refusing to connect to 169.254.169.254/],
    [`${host}/short`, 'System', 'unexpected EOF'],
    [`ftp://${host}/x`, 'System', `Get "ftp://${host}/x": unsupported protocol scheme "ftp"`],
    [
      'http://127.0.0.1:1/x',
      'System',
      'Get "http://127.0.0.1:1/x": dial tcp 127.0.0.1:1: connect: connection refused',
    ],
    ['http://', 'InvalidParameter', 'parse "http://": invalid URL'],
  ] as const)
    await assert.rejects(messages(address), { kind, message }, address)
  await assert.rejects(messages(`${host}/fs.tgz`, { changes: ['NOPE'] }), { message: /nope/i })
  await nothingIsLeft(b)
})

test('images are found by name, id and prefix, and missing ones in the words of Docker', async (t) => {
  const b = await bench(t)
  const id = await importRootfs(b, 'x', 'box')
  for (const text of [
    'box',
    'box:latest',
    'docker.io/library/box',
    id,
    hexOf(id),
    hexOf(id).slice(0, 12),
    id.slice(0, 20),
  ]) {
    assert.equal((await b.images.resolve(text)).id, id, text)
  }
  const missing = { kind: 'NotFound', message: 'No such image: spec-none:latest' }
  await assert.rejects(b.images.resolve('spec-none'), missing)
  await assert.rejects(b.images.history('spec-none'), missing)
  await assert.rejects(b.images.remove('spec-none', {}), missing)
  await assert.rejects(b.images.tag('spec-none', { repo: 'x', tag: '' }), missing)
  await assert.rejects(b.images.save(['spec-none']), {
    kind: 'NotFound',
    message: 'No such image: spec-none',
  })
  for (const tagged of ['box:none', 'spec-none:1', `box@sha256:${'0'.repeat(64)}`])
    await assert.rejects(b.images.save(['box', tagged]), {
      kind: 'NotFound',
      message: 'reference does not exist',
    })
  await assert.rejects(b.images.inspect('spec-none'), {
    kind: 'NotFound',
    message: 'no such image: spec-none: No such image: spec-none:latest',
  })
  const wanted = process.arch === 'x64' ? 'linux/arm64' : 'linux/amd64'
  const actual = process.arch === 'x64' ? 'linux/amd64' : 'linux/arm64'
  await assert.rejects(b.images.resolve('box', wanted), {
    kind: 'NotFound',
    message: `image with reference box was found but does not match the specified platform: wanted ${wanted}, actual: ${actual}`,
  })
})

test('CVE-2024-3727: references with digests that are paths are refused', async (t) => {
  const b = await bench(t)
  for (const evil of ['sha256:../../x', 'x@sha256:../../../etc/passwd', '../../x', 'sha256:..']) {
    await assert.rejects(b.images.resolve(evil), { kind: 'InvalidParameter' })
    await assert.rejects(b.images.save([evil]), { kind: 'InvalidParameter' })
    await assert.rejects(b.images.remove(evil, {}), { kind: 'InvalidParameter' })
  }
})

test('lists take all filters', async (t) => {
  const b = await bench(t)
  const old = await importRootfs(b, 'old', 'busybox')
  await new Promise((resolve) => setTimeout(resolve, 5))
  const labelled = await importRootfs(b, 'new', 'spec-l:1', ['LABEL k=v'])
  const untagged = await importRootfs(b, 'dangling')
  const ids = async (filters: Record<string, string[]>) =>
    (await b.images.list({ filters })).map(({ Id }) => Id).sort()
  assert.equal((await b.images.list({})).length, 3)
  assert.deepEqual(await ids({ dangling: ['true'] }), [untagged])
  assert.deepEqual(await ids({ dangling: ['false'] }), [old, labelled].sort())
  assert.deepEqual(await ids({ label: ['k=v'] }), [labelled])
  assert.deepEqual(await ids({ label: ['k=w'] }), [])
  assert.deepEqual(await ids({ reference: ['spec-*'] }), [labelled])
  assert.deepEqual(await ids({ reference: ['*:latest'] }), [old])
  assert.deepEqual(await ids({ since: ['busybox'], dangling: ['false'] }), [labelled])
  assert.deepEqual(await ids({ before: ['spec-l:1'] }), [old])
  assert.deepEqual(await ids({ until: ['1h'] }), [])
  assert.equal((await ids({ until: ['0s'] })).length, 3)
  await assert.rejects(ids({ nope: ['1'] }), { kind: 'InvalidParameter', message: "Invalid filter 'nope'" })
  const [row] = await b.images.list({ filters: { reference: ['spec-l'] } })
  assert.deepEqual(
    [row?.RepoTags, row?.SharedSize, row?.Containers, row?.Labels.k],
    [['spec-l:1'], -1, 0, 'v'],
  )
})

test('a name goes first, and the image with its last name', async (t) => {
  const b = await bench(t)
  const id = await importRootfs(b, 'x', 'spec:1')
  await b.images.tag('spec:1', { repo: 'spec', tag: '2' })
  assert.deepEqual(await b.images.remove('spec:1', {}), [{ Untagged: 'spec:1' }])
  assert.deepEqual(await b.images.remove('spec:2', {}), [
    { Untagged: 'spec:2' },
    { Deleted: id },
    { Deleted: digestOf(await rootfs('x')) },
  ])
  assert.deepEqual(b.events.slice(-3), [`untag ${id}`, `untag ${id}`, `delete ${id}`])
  await nothingIsLeft(b)
})

test('a name that comes while very many others go leads to an image, or goes with it', async (t) => {
  const b = await bench(t)
  const id = await importRootfs(b, 'x', 'spec:1')
  for (let n = 2; n < 600; n++) await b.images.tag('spec:1', { repo: 'spec', tag: String(n) })
  const removed = b.images.remove(id, { force: true })
  const tagged = new Promise((resolve) => setImmediate(resolve)).then(() =>
    b.images.tag(id, { repo: 'late', tag: '1' }),
  )
  await Promise.allSettled([removed, tagged])
  const { catalog } = b.images.parts
  assert.deepEqual(
    [...catalog.references()].filter(({ image }) => !catalog.get(image)),
    [],
  )
  assert.ok((await removed).some(({ Deleted }) => Deleted === id))
})

test('an image that another one was made from loses its name, and goes with the other one', async (t) => {
  const b = await bench(t)
  const base = await importRootfs(b, 'x', 'base:1')
  const layer = async () => Readable.from([await tarOf([tarFile('more', 'more')])])
  const { id } = await b.images.commit(layer, {
    parent: base,
    config: {},
    platform: hostPlatform(),
    createdBy: 'test',
    repo: 'child',
  })
  assert.deepEqual(await b.images.remove('base:1', { force: true }), [{ Untagged: 'base:1' }])
  await assert.rejects(b.images.remove(base, { force: true }), {
    kind: 'Conflict',
    message: `conflict: unable to delete ${hexOf(base).slice(0, 12)} (cannot be forced) - image has dependent child images`,
  })
  const removed = await b.images.remove('child', {})
  assert.deepEqual(
    removed.filter(({ Deleted }) => Deleted === id || Deleted === base).map(({ Deleted }) => Deleted),
    [id, base],
  )
  await nothingIsLeft(b)
})

test('removing what containers use is refused in the words of Docker', async (t) => {
  const b = await bench(t)
  const image = await importRootfs(b, 'x', 'spec-u:1')
  const container = { image, id: 'c'.repeat(64), running: false }
  b.users.push(container)
  const [short, user] = [hexOf(image).slice(0, 12), 'c'.repeat(12)]
  await assert.rejects(b.images.remove('spec-u:1', {}), {
    kind: 'Conflict',
    message: `conflict: unable to remove repository reference "spec-u:1" (must force) - container ${user} is using its referenced image ${short}`,
  })
  await assert.rejects(b.images.remove(short, {}), {
    kind: 'Conflict',
    message: `conflict: unable to delete ${short} (must be forced) - image is being used by stopped container ${user}`,
  })
  await b.images.tag('spec-u:1', { repo: 'other', tag: '' })
  await assert.rejects(b.images.remove(short, {}), {
    message: `conflict: unable to delete ${short} (must be forced) - image is referenced in multiple repositories`,
  })
  container.running = true
  await assert.rejects(b.images.remove(short, { force: true }), {
    message: `conflict: unable to delete ${short} (cannot be forced) - image is being used by running container ${user}`,
  })
  await b.images.remove('other', {})
  assert.deepEqual(await b.images.remove('spec-u:1', { force: true }), [{ Untagged: 'spec-u:1' }])
  assert.equal((await b.images.list({})).length, 1)
})

test('an image forced away keeps its layers for the stopped container that needs them', async (t) => {
  const b = await bench(t)
  const image = await importRootfs(b, 'x', 'gone')
  b.users.push({ image, id: 'c'.repeat(64), running: false })
  assert.deepEqual(await b.images.remove(image, { force: true }), [
    { Untagged: 'gone:latest' },
    { Deleted: image },
  ])
  assert.equal(b.images.count(), 0)
  await assert.rejects(b.images.resolve(image), { kind: 'NotFound' })
  assert.equal((await (await b.reopen()).rootfs(image)).length, 1)
  assert.equal(
    await importRootfs(b, 'y')
      .then((id) => b.images.remove(id, {}))
      .then((items) => items.length),
    2,
  )
  b.users.length = 0
  await b.images.sweep()
  await nothingIsLeft(b)
})

test('an image with very many names goes while others have their turn, and each name is told of once', async (t) => {
  const b = await bench(t)
  const count = 1000
  for (const [content, remove] of [
    ['removed', (id: Digest) => b.images.remove(id, { force: true })],
    ['pruned', async () => (await b.images.prune({ dangling: ['false'] })).deleted],
  ] as const) {
    const id = await importRootfs(b, content)
    for (let n = 0; n < count; n++) await b.images.tag(id, { repo: `many/${n}`, tag: '1' })
    b.events.splice(0)
    let turns = 0
    let goes = true
    const others = () => {
      turns++
      if (goes) setImmediate(others)
    }
    setImmediate(others)
    const gone = await remove(id)
    goes = false
    assert.ok(turns > 3, `${turns} turns`)
    assert.equal(gone.filter(({ Untagged }) => Untagged?.startsWith('many/')).length, count)
    assert.equal(b.events.filter((event) => event === `untag ${id}`).length, count)
    assert.equal(b.events.filter((event) => event === `delete ${id}`).length, 1)
    await nothingIsLeft(b)
  }
})

test('prune removes what has no name, or with dangling=false what has no container', async (t) => {
  const b = await bench(t)
  const used = await importRootfs(b, 'used', 'used')
  await importRootfs(b, 'idle', 'idle')
  const dangling = await importRootfs(b, 'dangling')
  b.users.push({ image: used, id: 'c'.repeat(64), running: true })
  const first = await b.images.prune({ dangling: ['maybe', 'true'] })
  assert.deepEqual(first.deleted[0], { Deleted: dangling })
  assert.equal(first.spaceReclaimed, 'dangling'.length)
  const second = await b.images.prune({ dangling: ['false'] })
  assert.deepEqual(second.deleted[0], { Untagged: 'idle:latest' })
  assert.equal(b.images.count(), 1)
  assert.deepEqual(await b.images.prune({}), { deleted: [], spaceReclaimed: 0 })
  await assert.rejects(b.images.prune({ dangling: ['maybe'] }), { kind: 'InvalidParameter' })
})

test('what save wrote, load reads: names, ids, layers', async (t) => {
  const [from, to] = [await bench(t), await bench(t)]
  const id = await importRootfs(from, 'content', 'spec-s:1', ['LABEL a=b', 'CMD sh'])
  await from.images.tag('spec-s:1', { repo: 'spec-s', tag: '2' })
  const untagged = await importRootfs(from, 'other')
  const archive = await save(from, 'spec-s', untagged)
  assert.equal(
    await load(to, archive),
    `Loaded image: spec-s:1\nLoaded image: spec-s:2\nLoaded image ID: ${untagged}\n`,
  )
  assert.equal((await to.images.resolve('spec-s:2')).id, id)
  const [top] = await to.images.rootfs(id)
  assert.equal(await readFile(join(top as string, 'file'), 'utf8'), 'content')
  assert.deepEqual(await save(to, 'spec-s', untagged), archive)
  assert.deepEqual(to.events.slice(0, 2), [`load ${id}`, `load ${untagged}`])
  to.events.length = 0
  await load(to, zstdCompressSync(archive))
  assert.deepEqual(
    to.events.filter((event) => !event.startsWith('save')),
    [`load ${id}`, `load ${untagged}`],
  )
  for (const { Id } of await to.images.list({})) await to.images.remove(Id, { force: true })
  await nothingIsLeft(to)
})

/** A docker-archive as older engines write it, with a link for a layer that appears twice. */
async function oldArchive(
  tags: string[] | null,
  layerBytes: Buffer,
  config: object = {},
  compress: (bytes: Buffer) => Buffer = gzipSync,
): Promise<Buffer> {
  const body = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    config,
    rootfs: { type: 'layers', diff_ids: [digestOf(layerBytes), digestOf(layerBytes)] },
    history: [{ created_by: 'a' }, { created_by: 'b', empty_layer: true }, { created_by: 'c' }],
  })
  return tarOf([
    { header: entryHeader({ name: 'l1/', type: 'directory' }) },
    tarFile('l1/layer.tar', compress(layerBytes)),
    { header: entryHeader({ name: 'l2/layer.tar', type: 'symlink', linkName: '../l1/layer.tar' }) },
    tarFile('config.json', body),
    tarFile(
      'manifest.json',
      JSON.stringify([{ Config: 'config.json', RepoTags: tags, Layers: ['l1/layer.tar', 'l2/layer.tar'] }]),
    ),
  ])
}

test('loads the archives of older engines: links between layers, compressed layers, no names', async (t) => {
  const b = await bench(t)
  const archive = await oldArchive(null, await rootfs('x'))
  const [, id] = /^Loaded image ID: (sha256:[0-9a-f]{64})\n$/.exec(await load(b, archive)) ?? []
  assert.ok(id)
  assert.equal((await b.images.rootfs(id as Digest)).length, 2)
  const history = await b.images.history(id)
  assert.deepEqual(
    history.map((step) => [step.CreatedBy, step.Size]),
    [
      ['c', 1],
      ['b', 0],
      ['a', 1],
    ],
  )
  assert.equal(await load(b, await oldArchive(['n:1'], await rootfs('x'))), 'Loaded image: n:1\n')
  const other = await load(b, await oldArchive(['n:1'], await rootfs('y')))
  assert.equal(
    other,
    `The image n:1 already exists, renaming the old one with ID ${hexOf(id as Digest)} to empty string\nLoaded image: n:1\n`,
  )
})

test('an image with more layers than can be mounted is refused', async (t) => {
  const b = await bench(t)
  const layer = await rootfs('x')
  const digests = Array.from({ length: 500 }, () => digestOf(layer))
  const body = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: digests },
  })
  const archive = await tarOf([
    tarFile('layer.tar', layer),
    tarFile('config.json', body),
    tarFile(
      'manifest.json',
      JSON.stringify([
        { Config: 'config.json', RepoTags: ['deep:1'], Layers: digests.map(() => 'layer.tar') },
      ]),
    ),
  ])
  await assert.rejects(load(b, archive), { kind: 'InvalidParameter', message: 'max depth exceeded' })
  await nothingIsLeft(b)
})

for (const tool of ['bzip2', 'xz']) {
  const compress = (bytes: Buffer) => execFileSync(tool, ['-c'], { input: bytes })
  test(`${tool}: archives to load, their layers, and what is imported`, async (t) => {
    const b = await bench(t)
    const layer = await rootfs('x')
    assert.equal(
      await load(b, compress(await oldArchive(['n:1'], layer, {}, compress))),
      'Loaded image: n:1\n',
    )
    const [top] = await b.images.rootfs((await b.images.resolve('n:1')).id)
    assert.equal(await readFile(join(top as string, 'file'), 'utf8'), 'x')
    const entries = readTar(Readable.from([await save(b, 'n:1')]))
    for await (const entry of entries) {
      if (!entry.header.name.startsWith('blobs/') || entry.header.type !== 'file') continue
      const content = await readEntry(entry, 1 << 20)
      if (content.subarray(0, 1).toString() !== '{')
        assert.ok(content.equals(layer), 'there is no media type for it')
    }
    await b.images.import(Readable.from([compress(layer)]), { repo: 'i' })
    assert.equal((await b.images.resolve('i')).chainId, digestOf(layer))
    for (const { Id } of await b.images.list({})) await b.images.remove(Id, { force: true })
    const cut = compress(layer).subarray(0, -7)
    const message = /unexpected EOF|data invalid/
    await assert.rejects(b.images.import(Readable.from([cut]), {}), { kind: 'InvalidParameter', message })
    await assert.rejects(load(b, cut), { kind: 'InvalidParameter', message })
    await assert.rejects(load(b, await oldArchive(['n:1'], layer, {}, () => cut)), {
      kind: 'InvalidParameter',
      message,
    })
    await nothingIsLeft(b)
  })
}

test('a load that fails leaves nothing', async (t) => {
  const b = await bench(t)
  const good = await oldArchive(['n:1'], await rootfs('x'))
  const attempts: [Buffer, RegExp][] = [
    [Buffer.from('garbage\n'), /^Error processing tar file\(exit status 1\): unexpected EOF$/],
    [Buffer.alloc(0), /^invalid archive: does not contain a manifest.json$/],
    [good.subarray(0, 2600), /unexpected EOF|missing/],
    [await tarOf([tarFile('manifest.json', '[{"Config":"../../etc/passwd","Layers":[]}]')]), /is missing/],
    [await tarOf([tarFile('manifest.json', '{')]), /invalid manifest.json/],
    [await tarOf([tarFile(`blobs/sha256/${'0'.repeat(64)}`, 'x')]), /where sha256:0* was announced/],
    [await oldArchive(['UPPER'], await rootfs('x')), /must be lowercase/],
    [await oldArchive(['n:1'], Buffer.from('not a tar')), /unexpected EOF/],
    [
      await oldArchive(
        Array.from({ length: 10_001 }, (_, n) => `n:${n}`),
        await rootfs('x'),
      ),
      /^invalid archive: more than 10000 names$/,
    ],
  ]
  for (const [archive, message] of attempts) await assert.rejects(load(b, archive), { message })
  await nothingIsLeft(b)
  assert.equal(b.images.count(), 0)
  assert.equal(await load(b, good), 'Loaded image: n:1\n')
})

test('a reader who goes away stops the load', async (t) => {
  const b = await bench(t)
  const good = await oldArchive(['n:1'], await rootfs('x'))
  const endless = new PassThrough()
  endless.write(good.subarray(0, 1024))
  const abort = new AbortController()
  const messages = b.images.load(endless, { signal: abort.signal })[Symbol.asyncIterator]()
  const first = messages.next()
  setTimeout(() => abort.abort(), 50)
  await assert.rejects(first, { kind: 'Cancelled' })
  await nothingIsLeft(b)
})

test('many loads, imports and removals at once leave a whole store', async (t) => {
  const b = await bench(t)
  const archive = await oldArchive(['n:1'], await rootfs('x'))
  await Promise.all([
    ...Array.from({ length: 4 }, () => load(b, archive)),
    ...Array.from({ length: 4 }, async (_, index) => {
      const id = await importRootfs(b, index % 2 === 0 ? 'x' : `${index}`)
      await b.images.remove(id, { force: true }).catch(() => {})
    }),
  ])
  const { id } = await b.images.resolve('n:1')
  const [top] = await b.images.rootfs(id)
  assert.equal(await readFile(join(top as string, 'file'), 'utf8'), 'x')
  assert.ok((await save(b, 'n:1')).length > 0)
  await b.images.remove('n:1', {})
  await nothingIsLeft(b)
})

test('hello-world is there without a registry, for both platforms, and can be removed', async (t) => {
  const b = await bench(t)
  assert.equal(b.images.count(), 0)
  await assert.rejects(b.images.inspect('hello-world'), { kind: 'NotFound' })
  const found = await Promise.all(Array.from({ length: 4 }, () => b.images.resolve('hello-world')))
  assert.equal(new Set(found.map(({ id }) => id)).size, 1)
  const { id, config, architecture } = found[0] as (typeof found)[number]
  assert.equal(architecture, process.arch === 'x64' ? 'amd64' : 'arm64')
  assert.deepEqual(config.Cmd, ['/hello'])
  const [top] = await b.images.rootfs(id)
  const run = spawnSync(join(top as string, 'hello'))
  assert.equal(run.status, 0)
  assert.match(run.stdout.toString(), /Hello from Gantry!/)
  const rows = await b.images.list({})
  assert.deepEqual(
    rows.map(({ RepoTags }) => RepoTags),
    [['hello-world:latest']],
  )
  for (const platform of ['linux/amd64', 'linux/arm64/v8']) {
    const image = await b.images.resolve('hello-world', platform)
    assert.equal((await b.images.rootfs(image.id)).length, 1)
  }
  const archive = await save(b, 'hello-world')
  const items = await b.images.remove('hello-world', {})
  assert.equal(items.filter(({ Deleted }) => Deleted).length, 4)
  await nothingIsLeft(b)
  assert.equal(await load(b, archive), 'Loaded image: hello-world:latest\n')
  assert.equal((await b.images.resolve('hello-world', 'linux/arm64')).architecture, 'arm64')
})

test('images of single platforms are removed, the name stays with the others', async (t) => {
  const b = await bench(t)
  const own = await b.images.resolve('hello-world')
  const platform = own.architecture === 'amd64' ? 'linux/arm64' : 'linux/amd64'
  const foreign = await b.images.resolve('hello-world', platform)
  await assert.rejects(b.images.remove('hello-world', { platforms: ['linux/s390x'] }), {
    kind: 'NotFound',
    message: /does not match the specified platform: wanted linux\/s390x/,
  })
  await assert.rejects(b.images.remove('hello-world', { platforms: [platform, 'linux/s390x'] }))
  const removed = await b.images.remove('hello-world', { platforms: [platform] })
  assert.deepEqual(removed, [{ Deleted: foreign.id }])
  await assert.rejects(b.images.resolve('hello-world', platform), { kind: 'NotFound' })
  assert.equal((await b.images.resolve('hello-world')).id, own.id)
  const { Manifests } = await b.images.inspect('hello-world', { manifests: true })
  assert.deepEqual(Manifests?.map(({ Available }) => Available).sort(), [false, true])
  const last = await b.images.remove('hello-world', { platforms: [`linux/${own.architecture}`] })
  assert.deepEqual(
    last.map((item) => Object.keys(item)[0]),
    ['Untagged', 'Deleted', 'Deleted'],
  )
  await nothingIsLeft(b)
})

test('the last name of an index takes along the platforms that have no other', async (t) => {
  const b = await bench(t)
  const own = await b.images.resolve('hello-world')
  const platform = own.architecture === 'amd64' ? 'linux/arm64' : 'linux/amd64'
  const foreign = await b.images.resolve('hello-world', platform)
  await b.images.tag(own.id, { repo: 'plain', tag: '1' })
  assert.deepEqual(await b.images.remove('hello-world', {}), [
    { Untagged: 'hello-world:latest' },
    { Deleted: foreign.id },
  ])
  assert.deepEqual((await b.images.remove('plain:1', {})).slice(0, 2), [
    { Untagged: 'plain:1' },
    { Deleted: own.id },
  ])
  await nothingIsLeft(b)
})

test('platforms of an index that are loaded one after another come together under its names', async (t) => {
  const b = await bench(t)
  const own = await b.images.resolve('hello-world')
  await b.images.tag('hello-world', { repo: 'other', tag: '1' })
  const archive = await save(b, 'hello-world', 'other:1')
  const before = await blobsIn(b)
  for (const name of ['hello-world', 'other:1']) await b.images.remove(name, {})
  await nothingIsLeft(b)
  for (const platform of ['linux/arm64', 'linux/amd64', 'linux/arm64']) {
    const told = await load(b, archive, [platform])
    assert.equal(told, 'Loaded image: hello-world:latest\nLoaded image: other:1\n')
    if (platform === 'linux/arm64') await b.images.tag('hello-world', { repo: 'third', tag: '1' })
  }
  for (const name of ['hello-world', 'other:1', 'third:1']) {
    for (const architecture of ['arm64', 'amd64'])
      assert.equal((await b.images.resolve(name, `linux/${architecture}`)).architecture, architecture)
    assert.equal((await b.images.inspect(name)).Id, own.id)
  }
  assert.deepEqual(await blobsIn(b), before)
  for (const name of ['hello-world', 'other:1', 'third:1']) await b.images.remove(name, {})
  await nothingIsLeft(b)
})

test('several platforms of an index are saved under its name', async (t) => {
  const b = await bench(t)
  await b.images.resolve('hello-world')
  const whole = await blobsIn(b)
  const both = ['linux/arm64', 'linux/amd64']
  const archive = Buffer.concat(await Array.fromAsync(await b.images.save(['hello-world'], both)))
  const one = Buffer.concat(await Array.fromAsync(await b.images.save(['hello-world'], both.slice(0, 1))))
  assert.ok(one.length < archive.length)
  await b.images.remove('hello-world', {})
  assert.equal(await load(b, archive), 'Loaded image: hello-world:latest\n')
  assert.deepEqual(await blobsIn(b), whole)
  for (const platform of both) await b.images.resolve('hello-world', platform)
  await b.images.remove('hello-world', {})
  await nothingIsLeft(b)
})

test('the image of this machine goes and the name stands for the one of another', async (t) => {
  const b = await bench(t)
  const own = await b.images.resolve('hello-world')
  const [here, there] = own.architecture === 'amd64' ? ['amd64', 'arm64'] : ['arm64', 'amd64']
  await b.images.remove('hello-world', { platforms: [`linux/${here}`] })
  assert.equal((await b.images.inspect('hello-world')).Architecture, there)
  await b.images.remove('hello-world', {})
  await nothingIsLeft(b)
})

test('hello-world for arm64 is an executable for arm64', async (t) => {
  const b = await bench(t)
  const { id } = await b.images.resolve('hello-world', 'linux/arm64')
  const [top] = await b.images.rootfs(id)
  const path = join(top as string, 'hello')
  await chmod(path, 0o755)
  const bytes = await readFile(path)
  assert.equal(bytes.readUInt16LE(18), 183)
  const textAt = 120 + 64
  assert.equal(bytes.readUInt32LE(120) >>> 0, (0x10000001 | (((textAt - 120) >> 2) << 5)) >>> 0)
  assert.match(bytes.toString('utf8', textAt), /^\nHello from Gantry!/)
})

test('a restart finds the same images; the first sweep removes what no image needs', async (t) => {
  const b = await bench(t)
  const id = await importRootfs(b, 'x', 'box')
  const before = await blobsIn(b)
  const content = await openContentStore(join(b.directory, 'content'))
  await content.put(Buffer.from('left by a crash'))
  const again = await b.reopen()
  await again.sweep()
  assert.deepEqual(await blobsIn(b), before)
  assert.equal((await again.resolve('box')).id, id)
})

test('a layer that has gone is unpacked again from its blob', async (t) => {
  const b = await bench(t)
  const id = await importRootfs(b, 'x', 'box')
  const [top] = await b.images.rootfs(id)
  await rm(join(top as string, '..'), { recursive: true })
  const again = await b.reopen()
  assert.equal(await readFile(join((await again.rootfs(id))[0] as string, 'file'), 'utf8'), 'x')
})

test('an archive of save is a layout and a docker-archive in one', async (t) => {
  const b = await bench(t)
  const id = await importRootfs(b, 'x', 'box')
  const files = new Map<string, string>()
  for await (const entry of readTar(Readable.from([await save(b, 'box')]))) {
    if (entry.header.type === 'file')
      files.set(entry.header.name, (await readEntry(entry, 1 << 20)).toString())
  }
  const [item] = JSON.parse(files.get('manifest.json') as string)
  assert.deepEqual(item.RepoTags, ['box:latest'])
  assert.equal(item.Config, `blobs/sha256/${hexOf(id)}`)
  assert.ok(files.has(item.Layers[0]))
  const index = JSON.parse(files.get('index.json') as string)
  assert.deepEqual(index.manifests[0].annotations, {
    'io.containerd.image.name': 'docker.io/library/box:latest',
    'org.opencontainers.image.ref.name': 'latest',
  })
  assert.deepEqual(Object.keys(JSON.parse(files.get('repositories') as string)), ['box'])
})

test('images stay while their difference is read, and go afterwards when they were removed', async (t) => {
  const b = await bench(t)
  await importRootfs(b, 'old', 'old')
  await importRootfs(b, 'newer', 'new')
  const body = await b.images.diff('old', 'new')
  for (const name of ['old', 'new']) await b.images.remove(name, {})
  assert.equal((await readdir(join(b.directory, 'layers'))).length, 3)
  const layer = digestOf(await rootfs('newer'))
  const difference = { path: '/file', kind: 'changed', layer, size: 5 }
  assert.equal(Buffer.concat(await body.toArray()).toString(), `${JSON.stringify(difference)}\n`)
  if (!body.closed) await once(body, 'close')
  await b.images.sweep()
  await nothingIsLeft(b)
  await assert.rejects(b.images.diff('old', 'new'), { kind: 'NotFound' })
})

test('clean-up by a policy: least recently used first, never what is named, used or needed', async (t) => {
  const b = await bench(t)
  const ids: Digest[] = []
  for (const [index, name] of ['first', 'second', 'third', undefined].entries())
    ids.push(await importRootfs(b, 'x'.repeat(100 + index), name))
  const [first, second, third, unnamed] = ids as [Digest, Digest, Digest, Digest]
  const plan = async (policy: object, dryRun = true) =>
    (await b.images.collect({ keepTagged: false, unusedFor: 0, ...policy }, dryRun)).map(({ id }) => id)
  // Used longer ago than they were.
  const { catalog } = b.images.parts
  for (const [index, id] of ids.entries()) {
    const { taggedAt: _, ...image } = catalog.get(id) as NonNullable<ReturnType<typeof catalog.get>>
    catalog.put({ ...image, usedAt: new Date(Date.now() - (10 - index) * 3_600_000).toISOString() })
  }
  assert.deepEqual(await plan({}), ids)
  assert.deepEqual(await plan({ keepTagged: true }), [unnamed])
  assert.deepEqual(await plan({ keepBytes: 300 }), [first, second])
  assert.deepEqual(await plan({ keepBytes: 406 }), [])
  assert.deepEqual(await plan({ keepBytes: 0, unusedFor: 8.5 * 3_600_000 }), [first, second])
  assert.deepEqual(await plan({ unusedFor: undefined }), ids)
  // A name of an index stands for several: they go together, by the latest use of any.
  const named = catalog.namesOf(first)[0] as NonNullable<ReturnType<typeof catalog.reference>>
  catalog.name({ ...named, index: { digest: first, images: [first, third], blobs: [] } })
  assert.deepEqual(await plan({}), [second, first, third, unnamed])
  assert.deepEqual(await plan({ unusedFor: 8.5 * 3_600_000 }), [second], 'the third was used since')
  const unused = catalog.get(third) as NonNullable<ReturnType<typeof catalog.get>>
  b.users.push({ image: third, id: 'd'.repeat(64), running: false })
  assert.deepEqual(await plan({}), [second, unnamed])
  b.users.pop()
  catalog.put(unused)
  catalog.name(named)
  await b.images.rootfs(second)
  assert.deepEqual(await plan({ unusedFor: undefined }), [first, third, unnamed], 'used just now')
  b.users.push({ image: first, id: 'c'.repeat(64), running: false })
  assert.deepEqual(await plan({ keepBytes: 350 }), [third])
  assert.equal(b.images.count(), 4, 'nothing has gone yet')
  assert.deepEqual(await plan({ keepBytes: 0 }, false), [third, unnamed, second])
  assert.equal(b.images.count(), 1)
  assert.deepEqual((await readdir(join(b.directory, 'layers'))).length, 2)
  assert.deepEqual(
    (await b.images.list({ filters: {} })).map(({ Id }) => Id),
    [first],
  )
})

test('a layer that builds need stays when its image goes, and does not count as freed', async (t) => {
  const b = await bench(t)
  const id = await importRootfs(b, 'layer', 'base')
  await importRootfs(b, 'other', 'other')
  const { catalog, retention } = b.images.parts
  const needed = [...chainOf(catalog.get(id) as NonNullable<ReturnType<typeof catalog.get>>)]
  retention.alsoKeep(() => needed)
  const planned = await b.images.collect({ keepTagged: false, unusedFor: 0, keepBytes: 0 }, true)
  assert.deepEqual(
    new Map(planned.map(({ names: [name], size }) => [name, size])),
    new Map([
      ['base:latest', 0],
      ['other:latest', 5],
    ]),
  )
  assert.deepEqual(await b.images.remove('base', {}), [{ Untagged: 'base:latest' }, { Deleted: id }])
  assert.equal((await readdir(join(b.directory, 'layers'))).length, 3)
  needed.length = 0
  await b.images.prune({ dangling: ['false'] })
  await nothingIsLeft(b)
})
