import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { type FileStat, goMode } from '@gantry/buildkit/files'
import { directorySource } from './directory-source.ts'

test('a file whose name is no text is told of, and not left out', async (t) => {
  const root = await mkdtemp('/tmp/gantry-directory-')
  t.after(() => rm(root, { recursive: true, force: true }))
  await writeFile(Buffer.concat([Buffer.from(join(root, 'bad')), Buffer.from([0xff])]), '')
  await writeFile(join(root, 'good-\ufffd'), '')
  const paths = (exclude: string[]): string[] => {
    const entries = directorySource(root, { exclude }).entries() as Iterable<FileStat>
    return [...entries].map(({ path }) => path)
  }
  assert.throws(() => paths([]), /the name of "bad\ufffd" is not UTF-8: rename it/)
  assert.deepEqual(paths(['bad*']), ['good-\ufffd'])
})

test('pipes are sent, sockets are not', async (t) => {
  const root = await mkdtemp('/tmp/gantry-directory-')
  t.after(() => rm(root, { recursive: true, force: true }))
  await promisify(execFile)('mkfifo', ['-m', '640', join(root, 'pipe')])
  const server = createServer().listen(join(root, 'socket'))
  t.after(() => server.close())
  await once(server, 'listening')
  const entries = [...(directorySource(root, {}).entries() as Iterable<FileStat>)]
  assert.deepEqual(
    entries.map(({ path, mode, size }) => [path, mode, size]),
    [['pipe', goMode('fifo', 0o640), 0]],
  )
})
