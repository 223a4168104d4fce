import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { FileStat } from '@gantry/buildkit/files'
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
