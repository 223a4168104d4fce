import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { entryHeader, type TarHeader } from './entry.ts'
import { bytesOfName, textOfName } from './names.ts'
import { formatPaxTime, paxTime } from './pax.ts'
import { readEntry, readTar } from './reader.ts'
import { tarOf } from './writer.ts'

async function* inChunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function readAll(bytes: Buffer, chunk = 4096): Promise<{ header: TarHeader; content: Buffer }[]> {
  const entries = []
  for await (const entry of readTar(inChunks(bytes, chunk))) {
    entries.push({ header: entry.header, content: await readEntry(entry, 1 << 20) })
  }
  return entries
}

const cases: TarHeader[] = [
  entryHeader({
    name: 'a',
    type: 'file',
    size: 5,
    mode: 0o4755,
    uid: 1,
    gid: 2,
    userName: 'u',
    groupName: 'g',
  }),
  entryHeader({ name: `${'d'.repeat(90)}/${'n'.repeat(90)}`, type: 'file', size: 512 }),
  entryHeader({ name: `${'x/'.repeat(200)}long`, type: 'file', size: 0 }),
  entryHeader({ name: 'größe', type: 'symlink', linkName: 'é'.repeat(80) }),
  entryHeader({ name: textOfName(Buffer.from([0x66, 0xff, 0x80])), type: 'directory' }),
  entryHeader({ name: 'big ids', type: 'file', uid: 4_000_000_000, gid: 3_000_000, size: 1 }),
  entryHeader({ name: 'old', type: 'file', modified: { seconds: -2, nanoseconds: 500_000_000 } }),
  entryHeader({ name: 'ns', type: 'file', modified: { seconds: 1, nanoseconds: 123_456_789 } }),
  entryHeader({ name: 'dev', type: 'character', deviceMajor: 1, deviceMinor: 3 }),
  entryHeader({
    name: 'x',
    type: 'file',
    xattrs: new Map([
      ['security.capability', Buffer.from([1, 0, 0, 2, 10, 61, 0])],
      ['user.a', Buffer.from('b')],
    ]),
  }),
  entryHeader({ name: 'hard', type: 'link', linkName: 'a' }),
]

test('what the writer writes, the reader reads, however the bytes arrive', async () => {
  const content = (header: TarHeader) => Buffer.alloc(header.size, 'z')
  const archive = await tarOf(cases.map((header) => ({ header, content: [content(header)] })))
  for (const chunk of [1, 7, 512, 1 << 16]) {
    const entries = await readAll(archive, chunk)
    assert.deepEqual(
      entries.map(({ header }) => header),
      cases,
    )
    for (const entry of entries) assert.deepEqual(entry.content, content(entry.header))
  }
})

test('content that is not read is passed over', async () => {
  const archive = await tarOf(cases.map((header) => ({ header, content: [Buffer.alloc(header.size)] })))
  const names = []
  for await (const entry of readTar(inChunks(archive, 100))) names.push(entry.header.name)
  assert.equal(names.length, cases.length)
})

test('GNU tar reads what the writer writes', async (t) => {
  const dir = tempDir(t)
  const file = join(dir, 'x.tar')
  writeFileSync(file, await tarOf(cases.map((header) => ({ header, content: [Buffer.alloc(header.size)] }))))
  const listed = spawnSync('tar', ['--quoting-style=literal', '-tf', file])
  assert.equal(listed.status, 0, listed.stderr.toString())
  assert.deepEqual(
    listed.stdout.toString('latin1').trim().split('\n'),
    cases.map(({ name }) => bytesOfName(name).toString('latin1')),
  )
})

for (const format of ['v7', 'ustar', 'gnu', 'oldgnu', 'posix']) {
  test(`reads GNU tar's ${format} format`, async (t) => {
    const dir = tempDir(t)
    const name = format === 'v7' ? 'short' : `${'n'.repeat(90)}`
    writeFileSync(join(dir, name), 'content')
    const made = spawnSync('tar', [`--format=${format}`, '-C', dir, '-cf', '-', `./${name}`])
    const [entry] = await readAll(made.stdout)
    assert.equal(entry?.header.name, `./${name}`)
    assert.equal(entry?.content.toString(), 'content')
  })
}

for (const options of [
  ['--format=gnu'],
  ...['0.0', '0.1', '1.0'].map((v) => ['--format=posix', `--sparse-version=${v}`]),
]) {
  test(`reads sparse files: ${options.join(' ')}`, async (t) => {
    const dir = tempDir(t)
    const file = openSync(join(dir, 'sparse'), 'w')
    for (let piece = 0; piece < 40; piece++) writeSync(file, `piece ${piece}`, piece * 16384)
    ftruncateSync(file, 800_000)
    closeSync(file)
    writeFileSync(join(dir, 'zz'), 'after')
    const made = spawnSync('tar', [
      ...options,
      '-S',
      '--hole-detection=raw',
      '-C',
      dir,
      '-cf',
      '-',
      'sparse',
      'zz',
    ])
    assert.ok(made.stdout.length < 700_000, 'tar stored it sparsely')
    const [sparse, after] = await readAll(made.stdout, 1000)
    assert.equal(sparse?.header.name, 'sparse')
    assert.equal(sparse?.content.length, 800_000)
    for (let piece = 0; piece < 40; piece++) {
      const at = piece * 16384
      assert.equal(sparse?.content.toString('latin1', at, at + 10), `piece ${piece}`.padEnd(10, '\0'))
    }
    assert.equal(after?.content.toString(), 'after')
  })
}

test('a truncated archive is an error at every length but between entries, with or without padding', async () => {
  const header = entryHeader({ name: 'f', type: 'file', size: 700 })
  const archive = await tarOf([{ header, content: [Buffer.alloc(700)] }])
  for (const length of [1, 511, 513, 1000, 1211]) {
    await assert.rejects(readAll(archive.subarray(0, length)), {
      kind: 'InvalidParameter',
      message: 'unexpected EOF',
    })
  }
  // Some writers leave out the padding of the last entry.
  for (const length of [1212, 1535, 1536])
    assert.equal((await readAll(archive.subarray(0, length))).length, 1)
  assert.deepEqual(await readAll(Buffer.alloc(0)), [])
})

test('mutated archives are read or rejected, never anything else', async () => {
  const archive = await tarOf(cases.map((header) => ({ header, content: [Buffer.alloc(header.size)] })))
  for (let at = 0; at < archive.length; at += 3) {
    const mutated = Buffer.from(archive)
    mutated[at] = (mutated[at] as number) ^ (1 << (at % 8))
    // A mutation of a header breaks its checksum; mend it so that the fields are tried.
    const start = at - (at % 512)
    if (mutated.toString('latin1', start + 257, start + 262) === 'ustar')
      mend(mutated.subarray(start, start + 512))
    try {
      await readAll(mutated)
    } catch (error) {
      assert.equal((error as { kind?: string }).kind, 'InvalidParameter', String(error))
    }
  }
})

function mend(block: Buffer): void {
  block.fill(0x20, 148, 156)
  block.write(
    `${block
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  )
}

test('CVE-2023-25153: an extended header is bounded before it is read', async () => {
  const block = (await tarOf([{ header: entryHeader({ name: 'x', type: 'file' }) }])).subarray(0, 512)
  block.write('x', 156)
  block.write('77777777777', 124)
  mend(block)
  await assert.rejects(readAll(block), { kind: 'InvalidParameter' })
})

test('times before 1970 keep their fraction', () => {
  for (const text of ['0', '12', '-1', '-1.5', '1.000000001', '-0.25', '1700000000.123456789']) {
    assert.equal(formatPaxTime(paxTime(Buffer.from(text))), text)
  }
})

test('names that are not UTF-8 survive', () => {
  for (const bytes of [
    [0xff],
    [0x61, 0xc3],
    [0xc3, 0xa9, 0x80],
    [0xed, 0xb2, 0x80],
    [0xf0, 0x9f, 0x98, 0x80, 0xf0],
  ]) {
    assert.deepEqual([...bytesOfName(textOfName(Buffer.from(bytes)))], bytes)
  }
})

function tempDir(t: { after(fn: () => void): void }): string {
  const dir = mkdtempSync(join(tmpdir(), 'gantry-tar-'))
  t.after(() => rmSync(dir, { recursive: true }))
  return dir
}
