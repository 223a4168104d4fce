import type { BigIntStats } from 'node:fs'
import type { EntryType } from './entry.ts'

/** What a file is in an archive; null for a socket, which has no entry. */
export function entryTypeOf(info: BigIntStats): EntryType | null {
  if (info.isFile()) return 'file'
  if (info.isDirectory()) return 'directory'
  if (info.isSymbolicLink()) return 'symlink'
  if (info.isFIFO()) return 'fifo'
  if (info.isCharacterDevice()) return 'character'
  return info.isBlockDevice() ? 'block' : null
}

/** The parts of a device's number, as glibc and the kernel count: 12 + 20 bits of major, 20 + 12 of minor. */
export function deviceOf({ rdev }: Pick<BigIntStats, 'rdev'>): { deviceMajor: number; deviceMinor: number } {
  return {
    deviceMajor: Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn)),
    deviceMinor: Number((rdev & 0xffn) | ((rdev >> 12n) & ~0xffn & 0xffffffffn)),
  }
}
