import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { createGzip, createZstdCompress } from 'node:zlib'
import { digestOf, entryHeader, writeTar } from '@gantry/oci'
import { mount, unmount } from '@gantry/syscall'
import { openLayerStore } from './layer-store.ts'

const size = 300 * 1024 * 1024

async function* zeros(): AsyncGenerator<Buffer> {
  const block = Buffer.alloc(1024 * 1024)
  for (let sent = 0; sent < size; sent += block.length) yield block
}

for (const [name, compressor] of [
  ['gzip', () => createGzip({ level: 9 })],
  ['zstd', createZstdCompress],
] as const) {
  test(`CVE-2023-25153: a ${name} layer of 300 MiB from a few KiB ends at the quota`, async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'gantry-bomb-'))
    const small = join(directory, 'small')
    await mkdir(small)
    mount({ source: 'tmpfs', target: small, type: 'tmpfs', data: 'size=16m' })
    t.after(async () => {
      unmount(small)
      await rm(directory, { recursive: true })
    })
    const tar = writeTar([{ header: entryHeader({ name: 'bomb', type: 'file', size }), content: zeros() }])
    const bomb = Buffer.concat(await Array.fromAsync(Readable.from(tar).pipe(compressor())))
    assert.ok(bomb.length * 900 < size)

    const store = await openLayerStore(join(small, 'layers'))
    const free = (await statfs(small)).bfree
    const memory = process.memoryUsage.rss()
    await assert.rejects(store.unpack(Readable.from([bomb]), digestOf('unknown'), null), {
      kind: 'System',
      message: /no space left on device/,
    })
    assert.ok(process.memoryUsage.rss() - memory < 150 * 1024 * 1024, 'memory stays bounded')
    assert.equal((await statfs(small)).bfree, free)
    assert.deepEqual(await readdir(join(small, 'layers/tmp')), [])
  })
}
