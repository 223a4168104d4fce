import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, lutimes, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setXattr } from '@gantry/syscall'
import { compareLayers } from './compare.ts'

/** What is in a layer: a file's text, null for a whiteout, or `dir`, `opaque`, `link`. */
type Content = Record<string, string | null | { dir: number } | { opaque: true } | { link: string }>

async function makeLayers(t: TestContext, contents: Content[]) {
  const top = await mkdtemp(join(tmpdir(), 'gantry-compare-'))
  t.after(() => rm(top, { recursive: true, force: true }))
  return await Promise.all(
    contents.map(async (content, index) => {
      const directory = join(top, String(index))
      await mkdir(directory)
      for (const [path, what] of Object.entries(content)) await make(join(directory, path), what)
      return { directory, layer: `l${index}` }
    }),
  )
}

async function make(path: string, what: Content[string]): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  if (what === null) execFileSync('mknod', [path, 'c', '0', '0'])
  else if (typeof what === 'string') {
    await writeFile(path, what)
    await utimes(path, 1000, 1000)
  } else if ('link' in what) {
    await symlink(what.link, path)
    await lutimes(path, 1000, 1000)
  } else {
    await mkdir(path, { recursive: true })
    if ('dir' in what) await chmod(path, what.dir)
    else setXattr(Buffer.from(path), 'trusted.overlay.opaque', Buffer.from('y'))
  }
}

const lines = (...chains: Parameters<typeof compareLayers>) =>
  [...compareLayers(...chains)].map(({ path, kind, layer, size }) => `${kind} ${path} ${layer} ${size}`)

test('tells what was added, changed and removed, by which layer, with sizes', async (t) => {
  const [base, a, b, c] = await makeLayers(t, [
    {
      'etc/same': 'x',
      'etc/edited': 'old',
      'var/cache/one': '1',
      'var/cache/two': '22',
      link: { link: '/a' },
    },
    { 'only/old': 'gone' },
    { 'etc/edited': 'newer', 'etc/fresh': 'f', link: { link: '/b' }, 'var/cache': null },
    { 'etc/fresh': 'ff', 'mode/x': 'y' },
  ])
  assert.ok(base && a && b && c)
  assert.deepEqual(lines([base, a], [base, b, c]), [
    'changed /etc/edited l2 5',
    'added /etc/fresh l3 2',
    'changed /link l2 0',
    'added /mode l3 0',
    'added /mode/x l3 1',
    'removed /only l1 0',
    'removed /only/old l1 4',
    'removed /var/cache l0 0',
    'removed /var/cache/one l0 1',
    'removed /var/cache/two l0 2',
  ])
  assert.deepEqual(lines([base, a], [base, a]), [])
  assert.deepEqual(lines([base], [base, a]), ['added /only l1 0', 'added /only/old l1 4'])
  assert.deepEqual(lines([], []), [])
})

test('opaque directories, changed kinds and modes; the same files in other layers are no difference', async (t) => {
  const [base, opaque, kinds, copy] = await makeLayers(t, [
    { 'd/below': '1', 'f/x': 'x', m: { dir: 0o755 } },
    { d: { opaque: true }, 'd/new': '2' },
    { f: 'a file now', m: { dir: 0o700 } },
    { 'd/below': '1', 'f/x': 'x', m: { dir: 0o755 } },
  ])
  assert.ok(base && opaque && kinds && copy)
  assert.deepEqual(lines([base], [base, opaque]), ['removed /d/below l0 1', 'added /d/new l1 1'])
  assert.deepEqual(lines([base], [base, kinds]), ['changed /f l2 10', 'removed /f/x l0 1', 'changed /m l2 0'])
  assert.deepEqual(lines([base], [copy]), [])
  // A whole directory put back over a whiteout shows nothing of what was there before.
  const [hidden, again] = await makeLayers(t, [{ d: null }, { 'd/again': '3' }])
  assert.ok(hidden && again)
  assert.deepEqual(lines([base], [base, { ...hidden, layer: 'h' }, { ...again, layer: 'i' }]), [
    'added /d/again i 1',
    'removed /d/below l0 1',
  ])
})
