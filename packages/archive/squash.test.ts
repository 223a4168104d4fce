import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, openSync, readSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { readTar } from '@gantry/oci'
import { mountOverlay, setXattr, UnmountFlag, unmount } from '@gantry/syscall'
import { packSquashed } from './squash.ts'

test('layers become one: what is new, what has changed, marks for what has gone', async (t) => {
  const top = await mkdtemp(join(tmpdir(), 'gantry-squash-'))
  t.after(() => rm(top, { recursive: true, force: true }))
  const layer = async (name: string, files: Record<string, string | null>) => {
    for (const [path, text] of Object.entries(files)) {
      const place = join(top, name, path)
      await mkdir(dirname(place), { recursive: true })
      if (text === null) execFileSync('mknod', [place, 'c', '0', '0'])
      else await writeFile(place, text)
    }
    return { directory: join(top, name), layer: name }
  }
  const base = await layer('base', {
    'kept/a': 'a',
    'gone/b': 'b',
    'gone/c/d': 'd',
    was: 'file',
    'dir/x': 'x',
    'dir/y': 'y',
  })
  const first = await layer('first', { new: '1', 'kept/e': 'e', gone: null, 'short-lived': '1' })
  const second = await layer('second', { new: '22', 'short-lived': null, 'was/now': 'dir', 'dir/x': 'z' })
  setXattr(Buffer.from(join(top, 'second/dir')), 'trusted.overlay.opaque', Buffer.from('y'))
  const [target, upper, work] = ['merged', 'upper', 'work'].map((name) => join(top, name)) as [
    string,
    string,
    string,
  ]
  for (const path of [target, upper, work]) await mkdir(path)
  mountOverlay({ lower: [second, first, base].map(({ directory }) => directory), upper, work, target })
  const merged = openSync(target, 'r')
  const chunks: Buffer[] = []
  try {
    const sink = {
      write: (bytes: Uint8Array) => void chunks.push(Buffer.from(bytes)),
      writeFile: (fd: number, position: number, length: number) => {
        const bytes = Buffer.alloc(length)
        readSync(fd, bytes, 0, length, position)
        chunks.push(bytes)
      },
    }
    packSquashed(merged, { from: [base], to: [base, first, second] }, sink)
  } finally {
    closeSync(merged)
    unmount(target, UnmountFlag.detach)
  }
  const found: Record<string, string> = {}
  for await (const entry of readTar(Readable.from(chunks))) {
    let text = ''
    for await (const { data } of entry.pieces()) text += data
    found[entry.header.name] = entry.header.type === 'file' ? text : entry.header.type
  }
  assert.deepEqual(found, {
    '.wh.gone': '',
    'dir/.wh.y': '',
    'dir/x': 'z',
    'kept/e': 'e',
    new: '22',
    'was/': 'directory',
    'was/now': 'dir',
  })
})
