import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { scanPackages } from '../scan.ts'
import { type Bytes, DamagedDatabase, fileBytes } from './bytes.ts'
import { isRpmDatabase, rpmPackages } from './databases.ts'
import { rpmPackage } from './header.ts'
import { tableRows } from './sqlite.ts'

/** Of three packages, made by rpm itself, by its ndb code, and by Berkeley DB. */
const fixture = (name: string): Buffer =>
  gunzipSync(readFileSync(new URL(`./fixtures/${name}.gz`, import.meta.url)))

const names = ['rpmdb.sqlite', 'Packages.db', 'Packages']

const greeter = {
  type: 'rpm',
  name: 'greeter',
  version: '2.10-3.fc40',
  architecture: 'noarch',
  source: 'greeter-2.10-3.fc40.src.rpm',
  license: 'GPL-3.0-or-later',
  supplier: 'Fedora Project',
  epoch: '1',
}
const plain = {
  type: 'rpm',
  name: 'plain',
  version: '0.9~rc1+git-1',
  architecture: 'noarch',
  source: 'plain-0.9~rc1+git-1.src.rpm',
  license: 'Public Domain',
}
const expected = [greeter, { ...greeter, name: 'libgreeter', license: 'MIT AND BSD-3-Clause' }, plain]

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'gantry-rpm-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

function tree(t: TestContext, files: Record<string, Buffer>): string {
  const root = directory(t)
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), content)
  }
  return root
}

const scan = (root: string): ReturnType<typeof scanPackages> => scanPackages(root, () => undefined)

for (const [index, name] of names.entries())
  test(`${name} tells of its packages`, (t) => {
    const path = ['usr/lib/sysimage/rpm', 'usr/share/rpm', 'var/lib/rpm'][index]
    const { packages, gaps } = scan(tree(t, { [`${path}/${name}`]: fixture(name) }))
    assert.deepEqual(
      packages.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      expected.map((each) => ({ ...each, foundIn: `/${path}/${name}` })),
    )
    assert.deepEqual(gaps, [])
  })

test('of several databases in a directory the newest counts, and only where rpm has them', (t) => {
  const files = names.map((name): [string, Buffer] => [`var/lib/rpm/${name}`, fixture(name)])
  const root = tree(t, { ...Object.fromEntries(files), 'home/rpmdb.sqlite': fixture('rpmdb.sqlite') })
  assert.deepEqual(
    scan(root).packages.map(({ foundIn }) => foundIn),
    Array(3).fill('/var/lib/rpm/rpmdb.sqlite'),
  )
  assert.ok(!isRpmDatabase('opt/var/lib/rpm/Packages') && !isRpmDatabase('var/lib/rpm/Name'))
})

test('what is no database, or damaged, is told, with the packages before the damage', (t) => {
  const good = fixture('Packages.db')
  const broken = Buffer.from(good)
  // The place of the third package.
  broken.writeUInt32LE(7, 0x48)
  const root = tree(t, {
    'var/lib/rpm/Packages': Buffer.from('nothing of the kind'.repeat(100)),
    'usr/lib/sysimage/rpm/Packages.db': broken,
  })
  const { packages, gaps } = scan(root)
  assert.equal(packages.length, 2)
  assert.deepEqual(gaps, [
    '/usr/lib/sysimage/rpm/Packages.db was not read: a package is not where its slot says',
    '/var/lib/rpm/Packages was not read: it is no hash of Berkeley DB',
  ])
})

test('a database that rpm has just written', (t) => {
  if (spawnSync('rpm', ['--version']).status !== 0 || spawnSync('rpmbuild', ['--version']).status !== 0)
    return t.skip('rpm and rpmbuild are not installed')
  const root = directory(t)
  const run = (command: string, ...args: string[]): void => {
    const { status, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: 60_000 })
    assert.equal(status, 0, stderr)
  }
  const spec =
    'Name: fresh\nVersion: 1\nRelease: 1\nSummary: s\nLicense: MIT\nBuildArch: noarch\n%description\nd\n%files\n'
  writeFileSync(join(root, 'fresh.spec'), spec)
  run('rpmbuild', '--define', `_topdir ${root}/top`, '-bb', join(root, 'fresh.spec'))
  const file = join(root, 'top/RPMS/noarch/fresh-1-1.noarch.rpm')
  mkdirSync(join(root, 'image'))
  run('rpm', '--root', join(root, 'image'), '--dbpath', '/var/lib/rpm', '-i', '--justdb', '--nodeps', file)
  const { packages, gaps } = scan(join(root, 'image'))
  assert.deepEqual([packages.map(({ name, version }) => [name, version]), gaps], [[['fresh', '1-1']], []])
})

test('rows of any size and number, over pages of any size, also those that are only in the log', (t) => {
  for (const [pageSize, log] of [
    [512, false],
    [4096, true],
    [65_536, true],
  ] as const) {
    const path = join(directory(t), 'test.sqlite')
    const database = new DatabaseSync(path)
    database.exec(`PRAGMA page_size = ${pageSize}; PRAGMA journal_mode = ${log ? 'WAL' : 'DELETE'}`)
    database.exec(
      'PRAGMA wal_autocheckpoint = 0; CREATE TABLE other (a); CREATE TABLE t (id INTEGER PRIMARY KEY, a, b)',
    )
    const insert = database.prepare('INSERT INTO t (a, b) VALUES (?, ?)')
    const rows = Array.from({ length: 700 }, (_, index): [number, Buffer] => [
      (index * 7919) ** 3 * (index % 2 === 0 ? 1 : -1),
      Buffer.alloc(index % 100 === 0 ? index * 200 : index, index),
    ])
    for (const part of [rows.slice(0, 400), rows.slice(400)]) {
      database.exec('BEGIN')
      for (const row of part) insert.run(...row)
      database.exec('COMMIT')
    }
    database.exec('DELETE FROM t WHERE id % 3 = 0')
    // As a crash leaves them: the database is still open, and its log not in it.
    const copy = join(directory(t), 'copy')
    copyFileSync(path, copy)
    if (log) copyFileSync(`${path}-wal`, `${copy}-wal`)
    database.close()
    const found = withFiles([copy, ...(log ? [`${copy}-wal`] : [])], ([file, wal]) => [
      ...tableRows(file as Bytes, wal ?? null, 't'),
    ])
    assert.deepEqual(
      found.map(([, a, b]) => [a, Buffer.from(b as Buffer).toString('hex')]),
      rows.filter((_, index) => (index + 1) % 3 !== 0).map(([a, b]) => [a, b.toString('hex')]),
    )
  }
})

function withFiles<T>(paths: string[], use: (files: Bytes[]) => T): T {
  const files = paths.map((path) => openSync(path, 'r'))
  try {
    return use(files.map(fileBytes))
  } finally {
    files.forEach(closeSync)
  }
}

test('slots that lead to the same place again and again are not followed for ever', (t) => {
  const bytes = fixture('Packages.db')
  for (let slot = 3; slot < 256; slot++) bytes.copyWithin(slot * 16, 0x40, 0x50)
  const { packages, gaps } = scan(tree(t, { 'var/lib/rpm/Packages.db': bytes }))
  assert.ok(packages.length < 20)
  assert.match(gaps.join(), /it leads to the same place again and again/)
})

test('a tree that goes round in circles ends', (t) => {
  const path = join(directory(t), 'circle')
  const database = new DatabaseSync(path)
  database.exec('BEGIN; CREATE TABLE t (a); CREATE TABLE u (a)')
  for (let row = 0; row < 2000; row++) database.exec(`INSERT INTO t VALUES ('${'x'.repeat(100)}')`)
  database.exec('COMMIT')
  database.close()
  const bytes = readFileSync(path)
  // The root of t, which is an interior page: its right-most child becomes itself.
  bytes.writeUInt32BE(2, 4096 + 8)
  writeFileSync(path, bytes)
  withFiles([path], ([file]) =>
    assert.throws(() => [...tableRows(file as Bytes, null, 't')], /its pages go round in a circle/),
  )
  withFiles([path], ([file]) =>
    assert.throws(() => [...tableRows(file as Bytes, null, 'v')], /it has no table v/),
  )
})

test('whatever is in a database, reading it ends, with packages or with what is wrong', (t) => {
  const path = join(directory(t), 'fuzzed')
  let state = 11
  const random = (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state % below
  }
  let intact = 0
  for (const name of names) {
    const good = fixture(name)
    const used = [...good.keys()].filter((at) => good[at] !== 0)
    for (let round = 0; round < 300; round++) {
      const bad = Buffer.from(random(10) === 0 ? good.subarray(0, random(good.length)) : good)
      for (let change = 1 + random(8); change > 0 && bad.length > 0; change--) {
        const at = random(2) === 0 ? random(Math.min(200, bad.length)) : (used[random(used.length)] ?? 0)
        if (at < bad.length) bad[at] = [0, 1, 255, random(256)][random(4)] ?? 0
      }
      writeFileSync(path, bad)
      const file = openSync(path, 'r')
      const problems: string[] = []
      try {
        const found = [...rpmPackages(new Map([[name, file]]), (_, what) => problems.push(what))]
        assert.ok(found.length <= 50)
        for (const each of found) assert.ok(each.name && each.version)
        if (problems.length === 0 && found.length === 3) intact++
      } finally {
        closeSync(file)
      }
    }
  }
  assert.ok(intact > 100, 'some changes do no harm')
})

test('headers: damage is told, never taken for a package', () => {
  assert.throws(() => rpmPackage(Buffer.alloc(3), '/p'), DamagedDatabase)
  assert.throws(() => rpmPackage(Buffer.alloc(8, 255), '/p'), DamagedDatabase)
  assert.equal(rpmPackage(Buffer.alloc(8), '/p'), null)
  const endless = Buffer.concat([
    Buffer.from([0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 3, 232, 0, 0, 0, 6]),
    Buffer.alloc(8),
    Buffer.from('name'),
  ])
  assert.throws(() => rpmPackage(endless, '/p'), /a text of a header has no end/)
})
