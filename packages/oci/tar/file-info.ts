import type { BigIntStats } from 'node:fs'
import { deviceNumbers } from './device-number.ts'
import { type EntryType, entryHeader, type TarHeader, type Timestamp } from './entry.ts'

/** What a file is in an archive; null for a socket, which has no entry. */
export function entryTypeOf(info: BigIntStats): EntryType | null {
  if (info.isFile()) return 'file'
  if (info.isDirectory()) return 'directory'
  if (info.isSymbolicLink()) return 'symlink'
  if (info.isFIFO()) return 'fifo'
  if (info.isCharacterDevice()) return 'character'
  return info.isBlockDevice() ? 'block' : null
}

/**
 * The header of a file as it is on the disk, under a name without a slash at its end. Where a symbolic link points to is
 * not in it, nor are names of users and extended attributes.
 */
export function fileHeader(info: BigIntStats, type: EntryType, name: string): TarHeader {
  const isDevice = type === 'character' || type === 'block'
  return entryHeader({
    name: type === 'directory' ? `${name}/`.replace(/^\/+$/, '/') : name,
    type,
    mode: Number(info.mode & 0o7777n),
    uid: Number(info.uid),
    gid: Number(info.gid),
    size: type === 'file' ? Number(info.size) : 0,
    modified: timestampOf(info.mtimeNs),
    ...(isDevice && numbersOf(info.rdev)),
  })
}

function timestampOf(sinceEpoch: bigint): Timestamp {
  const nanoseconds = ((sinceEpoch % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n
  return { seconds: Number((sinceEpoch - nanoseconds) / 1_000_000_000n), nanoseconds: Number(nanoseconds) }
}

function numbersOf(device: bigint): { deviceMajor: number; deviceMinor: number } {
  const [deviceMajor, deviceMinor] = deviceNumbers(device)
  return { deviceMajor, deviceMinor }
}
