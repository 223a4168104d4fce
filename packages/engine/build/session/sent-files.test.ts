import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { type FileSink, type FilesRequest, goMode } from '@gantry/buildkit'
import { SentFiles } from './sent-files.ts'

const file = (path: string, text = '', more = {}): Record<string, unknown> => ({
  ...{ path, mode: goMode('file', 0o644), size: text.length, time: '1000000001', link: '' },
  data: Buffer.from(text).toString('base64'),
  ...more,
})
const directory = (path: string): Record<string, unknown> =>
  file(path, '', { mode: goMode('directory', 0o755) })

const read = (files: unknown, more = {}): Promise<SentFiles> => {
  const body = { key: 'k', name: 'n', texts: { Dockerfile: 'FROM x\n' }, files, ...more }
  return SentFiles.read(Readable.from([Buffer.from(JSON.stringify(body))]))
}

/** What is handed over, as lines. */
async function received(sent: SentFiles, request: FilesRequest): Promise<string[]> {
  const lines: string[] = []
  const sink: FileSink = {
    entry: ({ path, linkname }) => lines.push(`${path}${linkname && ` -> ${linkname}`}`) > 0,
    data: (path, data) => void lines.push(`${path}: ${Buffer.from(data).toString()}`),
    complete: (path) => void lines.push(`${path} .`),
    listed: () => void lines.push('--'),
  }
  lines.push(String(await sent.receiveFiles(request, sink, new AbortController().signal)))
  return lines
}

test('a context in one piece answers as a session does', async () => {
  const link = file('l', '', { mode: goMode('symlink', 0o777), link: 'd/f', data: undefined })
  const sent = await read([file('.dockerignore', 'a'), directory('d'), file('d/f', 'deep'), file('e'), link])
  assert.equal(sent.description.sharedKey, 'k')
  const dockerfile = { directory: 'dockerfile', follow: ['Dockerfile'] }
  const text = ['Dockerfile', '--', 'Dockerfile: FROM x\n', 'Dockerfile .', '7']
  assert.deepEqual(await received(sent, dockerfile), text)
  assert.deepEqual(await received(sent, { directory: 'context', follow: ['.dockerignore'] }), [
    ...['.dockerignore', '--', '.dockerignore: a', '.dockerignore .', '1'],
  ])
  assert.deepEqual(await received(sent, { directory: 'context', follow: ['l'], exclude: ['e'] }), [
    ...['d', 'd/f', 'l -> d/f', '--', 'd/f: deep', 'd/f .', '4'],
  ])
  await assert.rejects(received(sent, { directory: 'other' }), /no access allowed/)
})

test('names of one file are links to the first of them that is asked for', async () => {
  const link = (path: string): Record<string, unknown> => file(path, '', { link: 'a', data: undefined })
  const sent = await read([file('a', 'text'), link('b'), link('c')])
  assert.deepEqual(await received(sent, { directory: 'context' }), [
    ...['a', 'b -> a', 'c -> a', '--', 'a: text', 'a .', '4'],
  ])
  assert.deepEqual(await received(sent, { directory: 'context', exclude: ['a'] }), [
    ...['b', 'c -> b', '--', 'b: text', 'b .', '4'],
  ])
})

test('a file is no longer than it was called', async () => {
  const sent = await read([file('f', 'four', { size: 2 })])
  assert.deepEqual(await received(sent, { directory: 'context' }), ['f', '--', 'f: fo', 'f .', '2'])
})

test('what is no context is refused', async () => {
  for (const files of [
    ...[undefined, {}, [null], [{}], [file('f', '', { mode: -1 })], [file('f', '', { size: 1e9 })]],
    ...[
      [file('f', '', { time: '1.5' })],
      [file('f', '', { data: 7 })],
      [file('b'), file('a')],
      [file('a'), file('a')],
    ],
    ...[[file('../f')], [file('d/f')], [file('')], [file('d/'), file('.')], [file('a\0b')]],
    [directory('d'), file('d/../../f')],
    [file('a', '', { link: '/etc/passwd' })],
    [file('a', '', { link: 'b' }), file('b')],
    [directory('a'), file('b', '', { link: 'a' })],
    [file('l', '', { mode: goMode('symlink', 0o777), link: '/etc' }), file('l/passwd')],
  ])
    await assert.rejects(read(files), { kind: 'InvalidParameter' }, JSON.stringify(files))
  await assert.rejects(read([], { texts: [] }), { kind: 'InvalidParameter' })
  await assert.rejects(read([], { name: 'x'.repeat(1 << 20) }), /larger than/)
  await assert.rejects(SentFiles.read(Readable.from([Buffer.from('[')])), { kind: 'InvalidParameter' })
})
