import assert from 'node:assert/strict'
import { link, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { NoSmallContext, smallContext } from './small-context.ts'

async function directory(t: TestContext, files: Record<string, string>): Promise<string> {
  const root = await mkdtemp('/tmp/gantry-small-')
  t.after(() => rm(root, { recursive: true, force: true }))
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(root, path, '..'), { recursive: true })
    await writeFile(join(root, path), text)
  }
  return root
}

const texts = new Map([['Dockerfile', 'FROM scratch\n']])

test('a small directory is sent whole, without what its ignore file names', async (t) => {
  const rules = '.*\nsecret\n'
  const root = await directory(t, {
    '.dockerignore': rules,
    '.env': 'x',
    'd/secret': 'y',
    'd/f': 'text',
    secret: 'z',
  })
  await symlink('d/f', join(root, 'l'))
  const sent = smallContext({ root, texts, rules })
  assert.deepEqual(
    sent.files.map(({ path, link, data = '' }) => [path, link, Buffer.from(data, 'base64').toString()]),
    [
      ['.dockerignore', '', rules],
      ['d', '', ''],
      ['d/f', '', 'text'],
      ['d/secret', '', 'y'],
      ['l', 'd/f', ''],
    ],
  )
  assert.deepEqual(sent.texts, { Dockerfile: 'FROM scratch\n' })
  assert.match(sent.key, /^[0-9a-f]{64}$/)
  assert.equal(smallContext({ root, texts, rules: '' }).key, sent.key)
})

test('another name of a file is told as a link to the first that the rules leave', async (t) => {
  const root = await directory(t, { a: 'text', 'd/x': 'other' })
  await link(join(root, 'a'), join(root, 'b'))
  await link(join(root, 'a'), join(root, 'd/c'))
  for (const [rules, first, others] of [
    ['', 'a', ['b', 'd/c']],
    ['a', 'b', ['d/c']],
  ] as const) {
    const sent = smallContext({ root, texts, rules })
    const told = sent.files.map(({ path, link, size, data }) => [path, link, size, data !== undefined])
    assert.deepEqual(told, [
      [first, '', 4, true],
      ...others.slice(0, -1).map((path) => [path, first, 0, false]),
      ['d', '', 0, false],
      ['d/c', first, 0, false],
      ['d/x', '', 5, true],
    ])
  }
})

test('what is not small, or not to be told from here, is left to a session', async (t) => {
  const big = await directory(t, { a: 'x'.repeat(64 << 10) })
  assert.throws(() => smallContext({ root: big, texts, rules: '' }), NoSmallContext)
  assert.equal(smallContext({ root: big, texts, rules: 'a' }).files.length, 0)
  const many = await directory(
    t,
    Object.fromEntries(Array.from({ length: 257 }, (_, index) => [`f${index}`, ''])),
  )
  assert.throws(() => smallContext({ root: many, texts, rules: '' }), NoSmallContext)
  const long = new Map([['Dockerfile', `# ${'x'.repeat(64 << 10)}`]])
  const empty = await directory(t, {})
  assert.throws(() => smallContext({ root: empty, texts: long, rules: '' }), NoSmallContext)
  const linked = await directory(t, { rules: '' })
  await symlink('rules', join(linked, '.dockerignore'))
  assert.throws(() => smallContext({ root: linked, texts, rules: '' }), NoSmallContext)
})
