import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { entryHeader, type TarInput, writeTar } from '@gantry/oci/tar'
import { annotate, encodeOutputs, type Output, parseOutputs } from './outputs.ts'
import { receiveOutput } from './receive.ts'

const parse = (outputs: string[], flags = {}): Output[] =>
  parseOutputs({ outputs, load: false, push: false, terminal: false, ...flags })

test('short and long forms of --output', () => {
  const engine = { kind: 'engine' }
  assert.deepEqual(parse(['out', '-', 'type=oci,dest=a.tar', '"type=image","name=a,b"']), [
    { type: 'local', attributes: {}, destination: { kind: 'directory', path: 'out' } },
    { type: 'tar', attributes: {}, destination: { kind: 'stdout' } },
    { type: 'oci', attributes: {}, destination: { kind: 'file', path: 'a.tar' } },
    { type: 'image', attributes: { name: 'a,b' }, destination: engine },
  ])
  assert.deepEqual(parse(['type=docker']), [{ type: 'image', attributes: {}, destination: engine }])
  assert.deepEqual(parse(['type=oci,dest=d,tar=false'])[0]?.destination, { kind: 'directory', path: 'd' })
  assert.throws(() => parse(['type=tar'], { terminal: true }), /refusing to write to console/)
  assert.throws(() => parse(['type=local,dest=-']), /dest cannot be stdout/)
  assert.throws(() => parse(['type=image,dest=x']), /dest is not for the image exporter/)
})

test('--load and --push add to the outputs, or make them what they say', () => {
  assert.deepEqual(parse([]), [])
  assert.deepEqual(encodeOutputs([]), {})
  assert.deepEqual(
    parse(['out'], { load: true, push: true }).map(({ type, attributes }) => [type, attributes]),
    [
      ['local', {}],
      ['image', { push: 'true' }],
    ],
  )
  assert.equal(parse([], { push: true })[0]?.type, 'registry')
  assert.equal(parse(['type=image,push=false'], { push: true })[0]?.attributes.push, 'false')
})

test('annotations go to images, on every level that they name', () => {
  const [image, files] = annotate(parse(['type=image', 'out']), [
    'a=b=c',
    'index,manifest[linux/arm64]:org.example=x',
  ])
  assert.deepEqual(image?.attributes, {
    'annotation-manifest.a': 'b=c',
    'annotation-index.org.example': 'x',
    'annotation-manifest[linux/arm64].org.example': 'x',
  })
  assert.deepEqual(files?.attributes, {})
  assert.equal(annotate([], ['a=b'])[0]?.type, 'image')
  for (const bad of ['a', '=b']) assert.throws(() => annotate([], [bad]), /invalid annotation/)
})

async function scratch(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-outputs-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  await mkdir(join(directory, 'canary'))
  return directory
}

/** Takes what an engine sends for an output to a directory. */
async function receive(directory: string, entries: TarInput[]): Promise<void> {
  const client = { download: async () => Readable.from(writeTar(entries), { objectMode: false }) }
  const context = { client, stdout: process.stdout } as unknown as Parameters<typeof receiveOutput>[0]
  const destination = { kind: 'directory' as const, path: join(directory, 'new/out') }
  await receiveOutput(context, 'id', { type: 'local', attributes: {}, destination })
}

const file = (name: string, text = 'x'): TarInput => ({
  header: entryHeader({ name, type: 'file', size: text.length }),
  content: [Buffer.from(text)],
})
const link = (name: string, linkName: string): TarInput => ({
  header: entryHeader({ name, type: 'symlink', linkName }),
})

test('a directory gets the files; an engine that is not to be trusted writes nowhere else', async (t) => {
  const directory = await scratch(t)
  await receive(directory, [file('a/b', 'hello')])
  assert.equal(await readFile(join(directory, 'new/out/a/b'), 'utf8'), 'hello')
  const climbing = [
    [file('../../canary/x')],
    [file('/../../canary/x')],
    [link('l', '../../canary'), file('l/x')],
    [link('m', join(directory, 'canary')), file('m/x')],
    [
      link('n', '../../canary/x'),
      { header: entryHeader({ name: 'o', type: 'link', linkName: 'n/../../../canary/x' }) },
    ],
  ]
  for (const entries of climbing)
    await assert.rejects(
      receive(directory, entries),
      /outside of the destination|is not a directory|no such file/,
    )
  assert.deepEqual(await readdir(join(directory, 'canary')), [])
})
