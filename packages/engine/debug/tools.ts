import { open } from 'node:fs/promises'
import { GantryError } from '@gantry/errors'

const places = ['/bin/busybox', '/usr/bin/busybox', '/usr/local/bin/busybox', '/usr/lib/busybox/busybox']

/** The host's statically linked busybox, which runs in any file system. Rejects with Unavailable when there is none. */
export async function findBusybox(candidates: readonly string[] = places): Promise<string> {
  for (const path of candidates) if (await isStatic(path)) return path
  throw new GantryError(
    'Unavailable',
    'no statically linked busybox found for the tools: install it (Debian package busybox-static), or name an image with tools (--image)',
  )
}

/** elf(5): a program that needs no interpreter has no segment PT_INTERP. */
async function isStatic(path: string): Promise<boolean> {
  const header = Buffer.alloc(64)
  try {
    await using file = await open(path)
    await file.read(header, 0, header.length, 0)
    const is64 = header.readUInt8(4) === 2 && header.readUInt8(5) === 1
    if (!header.subarray(0, 4).equals(Buffer.from('\x7fELF', 'latin1')) || !is64) return false
    const [offset, size, count] = [
      Number(header.readBigUInt64LE(32)),
      header.readUInt16LE(54),
      header.readUInt16LE(56),
    ]
    const segments = Buffer.alloc(size * count)
    await file.read(segments, 0, segments.length, offset)
    const types = Array.from({ length: count }, (_, index) => segments.readUInt32LE(index * size))
    return !types.includes(ptInterp)
  } catch {
    return false
  }
}

const ptInterp = 3
