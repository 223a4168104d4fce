import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  apkPackages,
  distributionOf,
  dpkgPackages,
  gemPackage,
  lockedPackages,
  npmPackage,
  pythonPackage,
} from './databases.ts'
import { digestFiles, scanPackages } from './scan.ts'

test('dpkg: what is installed, not what was removed or is broken', () => {
  const status = [
    'Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nSource: glibc (2.36-9)\nVersion: 2.36-9+deb12u7',
    'Maintainer: A <a@example.org>\nDescription: one\n more: text\n .',
    '',
    'Package: gone\nStatus: deinstall ok config-files\nVersion: 1',
    '',
    '',
    'Package: nameless\n',
  ].join('\n')
  assert.deepEqual(
    [...dpkgPackages(status, '/s')],
    [
      {
        type: 'deb',
        name: 'libc6',
        version: '2.36-9+deb12u7',
        foundIn: '/s',
        architecture: 'amd64',
        source: 'glibc@2.36-9',
        supplier: 'A <a@example.org>',
      },
    ],
  )
  const states = [
    'install ok unpacked',
    'install ok triggers-pending',
    'install ok half-installed',
    'install ok not-installed',
  ]
  const all = states
    .map((state, index) => `Package: p${index}\nStatus: ${state}\nVersion: 1\nSource: s\n`)
    .join('\n')
  assert.deepEqual(
    [...dpkgPackages(all, '/s')].map(({ name, source }) => [name, source]),
    [
      ['p0', 's'],
      ['p1', 's'],
    ],
  )
})

test('apk', () => {
  const installed =
    'C:Q1x=\nP:musl\nV:1.2.4-r2\nA:x86_64\nL:MIT\no:musl\nm:T <t@example.org>\nF:lib\n\nP:only\n'
  assert.deepEqual(
    [...apkPackages(installed, '/i')],
    [
      {
        type: 'apk',
        name: 'musl',
        version: '1.2.4-r2',
        foundIn: '/i',
        architecture: 'x86_64',
        license: 'MIT',
        supplier: 'T <t@example.org>',
      },
    ],
  )
})

test('npm and Python', () => {
  assert.deepEqual(npmPackage('{"name":"@a/b","version":"1.0.0","license":{"type":"MIT"}}', '/p'), [
    { type: 'npm', namespace: '@a', name: 'b', version: '1.0.0', foundIn: '/p', license: 'MIT' },
  ])
  for (const broken of ['', '[]', 'null', '{"name":1,"version":"1"}', '{'])
    assert.deepEqual(npmPackage(broken, '/p'), [])
  const lock = JSON.stringify({
    packages: {
      '': { version: '1' },
      'node_modules/x/node_modules/@s/y': { version: '2' },
      w: { link: true },
      'packages/own': { version: '3' },
    },
  })
  assert.deepEqual(
    [...lockedPackages(lock, '/l')].map(({ namespace, name, version }) => [namespace, name, version]),
    [
      ['@s', 'y', '2'],
      [undefined, 'own', '3'],
    ],
  )
  const first = JSON.stringify({
    dependencies: { '@s/a': { version: '1', dependencies: { b: { version: '2' } } }, c: { version: 3 } },
  })
  assert.deepEqual(
    [...lockedPackages(first, '/l')].map(({ name, version }) => [name, version]),
    [
      ['a', '1'],
      ['b', '2'],
    ],
  )
  const [python] = pythonPackage('Metadata-Version: 2.1\nName: My_Package.X\nVersion: 3\n\nName: no\n', '/m')
  assert.deepEqual([python?.name, python?.version], ['my-package-x', '3'])
})

test('the name of a distribution', () => {
  assert.deepEqual(distributionOf('NAME="x"\nVERSION_ID="3.19"\nID=alpine\n'), {
    id: 'alpine',
    version: '3.19',
  })
  assert.equal(distributionOf('nothing'), null)
})

test('whatever is in a database, parsers end and tell names and versions', () => {
  let seed = 7
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31
    return seed % below
  }
  const words = [
    'Package:',
    'Version:',
    'Status: install ok installed',
    'P:',
    'V:',
    '\n',
    '\n\n',
    ' ',
    '\0',
    '{"',
    '":',
    'é',
    'x',
  ]
  for (let round = 0; round < 2000; round++) {
    const text = Array.from({ length: random(30) }, () => words[random(words.length)]).join('')
    for (const parse of [dpkgPackages, apkPackages, npmPackage, lockedPackages, pythonPackage])
      for (const { name, version } of parse(text, '/f')) assert.ok(name && version)
  }
})

test('no text makes parsers slow', () => {
  const long = 1 << 20
  const texts = [
    '\n'.repeat(long),
    `A:${' '.repeat(long)}\u2028`,
    `Source: ${'('.repeat(long)}`,
    ' '.repeat(long),
  ]
  for (const text of texts)
    for (const parse of [dpkgPackages, apkPackages, npmPackage, lockedPackages, pythonPackage, gemPackage])
      assert.deepEqual([...parse(text, '/f')], [])
  assert.equal(distributionOf(' '.repeat(long)), null)
})

async function tree(t: TestContext, files: Record<string, string>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'gantry-scan-'))
  t.after(() => rm(root, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
  return root
}

test('databases are found where they belong; links lead to none', async (t) => {
  const root = await tree(t, {
    'usr/lib/os-release': 'ID=debian\nVERSION_ID=12\n',
    'var/lib/dpkg/status': 'Package: a\nVersion: 1\n',
    'elsewhere/var/lib/dpkg/status': 'Package: b\nVersion: 1\n',
    'app/node_modules/c/package.json': '{"name":"c","version":"2"}',
    'app/node_modules/c/test/package.json': '{"name":"d","version":"2"}',
    'usr/lib/python3/dist-packages/e-1.dist-info/METADATA': 'Name: e\nVersion: 1\n',
  })
  await symlink('/etc/os-release', join(root, 'etc-link'))
  await mkdir(join(root, 'lib/apk/db'), { recursive: true })
  await symlink('/var/lib/dpkg/status', join(root, 'lib/apk/db/installed'))
  const { distribution, packages } = scanPackages(root, () => undefined)
  assert.deepEqual(distribution, { id: 'debian', version: '12' })
  assert.deepEqual(packages.map(({ name }) => name).sort(), ['a', 'c', 'e'])
  assert.deepEqual(
    digestFiles(join(root, 'usr/lib/python3'), () => undefined).map(({ name }) => name),
    ['dist-packages/e-1.dist-info/METADATA'],
  )
})
