import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { entryHeader, type TarInput, writeTar } from '@gantry/oci/tar'
import { isLocalCache, localCaches } from './local-caches.ts'
import { receiveCache } from './receive-cache.ts'

async function scratch(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-caches-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  return directory
}

const hexOf = (text: string): string => createHash('sha256').update(text).digest('hex')

const file = (name: string, text: string): TarInput => ({
  header: entryHeader({ name, type: 'file', size: Buffer.byteLength(text) }),
  content: [Buffer.from(text)],
})
const blob = (text: string, hex = hexOf(text)): TarInput => file(`blobs/sha256/${hex}`, text)
const index = (...texts: string[]): TarInput =>
  file(
    'index.json',
    JSON.stringify({
      schemaVersion: 2,
      manifests: texts.map((text) => ({
        mediaType: 'm',
        digest: `sha256:${hexOf(text)}`,
        size: text.length,
      })),
    }),
  )

test('the engine hears of neither the directories nor the tags', async (t) => {
  const top = await scratch(t)
  const dest = join(top, 'deep/a,b')
  await receiveCache(writeTar([blob('manifest'), index('manifest')]), { path: await made(dest), tag: 'x' })
  const caches = await localCaches(
    ['app:cache', `type=local,"src=${dest}",tag=x`, `type=local,src=${top}/none`, `type=local,"src=${dest}"`],
    ['type=inline', `type=local,mode=max,"dest=${dest}",tag=y,ignore-error=true`],
  )
  const digest = `sha256:${hexOf('manifest')}`
  assert.deepEqual(caches.from, ['app:cache', `type=local,src=.cache-0,digest=${digest}`])
  assert.deepEqual(caches.to, ['type=inline', 'type=local,mode=max,ignore-error=true'])
  assert.deepEqual([...caches.directories], [['.cache-0', join(dest, 'blobs')]])
  assert.deepEqual([...caches.targets], [[1, { path: dest, tag: 'y', ignoreError: true }]])
  assert.deepEqual(caches.warnings, [
    `local cache import at ${top}/none not found due to err: open ${top}/none/index.json: no such file or directory`,
    `local cache import at ${dest} not found due to err: ${dest}/index.json has no cache with the tag latest`,
  ])
})

async function made(path: string): Promise<string> {
  await mkdir(path, { recursive: true })
  return path
}

test('what is no such cache, or not whole', async () => {
  assert.deepEqual(
    ['type=local', 'mode=max,type=local', '"type=local",a=b', 'type=localx', 'local', 'a/type=local:1'].map(
      isLocalCache,
    ),
    [true, true, true, false, false, false],
  )
  await assert.rejects(localCaches(['type=local'], []), /^Error: local cache importer requires src$/)
  await assert.rejects(localCaches([], ['type=local,mode=max']), /local cache exporter requires dest$/)
  await assert.rejects(localCaches([], ['type=local,dest']), /invalid value dest/)
})

test('a cache goes beside what the directory has, in the place of the one of its tag', async (t) => {
  const path = await scratch(t)
  const foreign = {
    digest: 'sha256:f',
    annotations: { 'org.opencontainers.image.ref.name': 'f' },
    data: 'kept',
  }
  await writeFile(
    join(path, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [foreign], more: 1 }),
  )
  for (const text of ['one', 'two', 'one'])
    await receiveCache(writeTar([blob(text), blob('layer'), index(text)]), { path, tag: 'latest' })
  const { manifests, ...rest } = JSON.parse(await readFile(join(path, 'index.json'), 'utf8'))
  assert.deepEqual(rest, { schemaVersion: 2, more: 1 })
  const [first, second, ...others] = manifests
  assert.deepEqual([first, others], [foreign, []])
  assert.equal(second.digest, `sha256:${hexOf('one')}`)
  assert.deepEqual(
    (await readdir(join(path, 'blobs/sha256'))).sort(),
    ['layer', 'one', 'two'].map(hexOf).sort(),
  )
  assert.deepEqual((await readdir(path)).sort(), ['blobs', 'index.json', 'oci-layout'])
})

test('an engine that is not to be trusted writes nothing but blobs, and leaves the index as it was', async (t) => {
  const top = await scratch(t)
  const path = await made(join(top, 'cache'))
  await receiveCache(writeTar([blob('one'), index('one')]), { path, tag: 'latest' })
  const before = await readFile(join(path, 'index.json'), 'utf8')
  const bad: TarInput[][] = [
    [blob('lie', hexOf('truth')), index('truth')],
    [index('missing')],
    [blob('a'), blob('b'), index('a', 'b')],
    [blob('a'), index()],
    [blob('a'), file('index.json', '[]')],
    [file('blobs/sha256/../../../x', 'a'), index('a')],
    [file('../x', 'a'), index('a')],
  ]
  for (const entries of bad) await assert.rejects(receiveCache(writeTar(entries), { path, tag: 'latest' }))
  assert.equal(await readFile(join(path, 'index.json'), 'utf8'), before)
  assert.deepEqual(await readdir(top), ['cache'])
  const names = await readdir(join(path, 'blobs/sha256'))
  assert.deepEqual(names.sort(), ['a', 'b', 'one'].map(hexOf).sort())
  const linked = await made(join(top, 'linked'))
  await symlink(path, join(linked, 'blobs'))
  await assert.rejects(
    receiveCache(writeTar([blob('c'), index('c')]), { path: linked, tag: 'latest' }),
    /blobs is not a directory/,
  )
})

test('caches that go to one directory at once are all there, also after a command that died', {
  timeout: 60_000,
}, async (t) => {
  const path = await scratch(t)
  await writeFile(join(path, 'index.json.writing'), '')
  await utimes(join(path, 'index.json.writing'), 1_000_000_000, 1_000_000_000)
  const tags = Array.from({ length: 12 }, (_, index) => `t${index}`)
  await Promise.all(
    tags.map((tag) => receiveCache(writeTar([blob(tag), blob('shared'), index(tag)]), { path, tag })),
  )
  const { manifests } = JSON.parse(await readFile(join(path, 'index.json'), 'utf8'))
  const told = manifests.map(({ digest }: { digest: string }) => digest)
  assert.deepEqual(told.sort(), tags.map((tag) => `sha256:${hexOf(tag)}`).sort())
  assert.deepEqual((await readdir(path)).sort(), ['blobs', 'index.json', 'oci-layout'])
  assert.equal((await readdir(join(path, 'blobs/sha256'))).length, tags.length + 1)
})
