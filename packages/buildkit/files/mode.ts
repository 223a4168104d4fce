/** File types and modes as Go writes them: its own bits for types, the permissions as everywhere. */

const goType = {
  directory: 0x80000000,
  symlink: 0x08000000,
  device: 0x04000000,
  fifo: 0x02000000,
  socket: 0x01000000,
  characterDevice: 0x00200000,
} as const
const goTypes = 0x8f280000
const goSetuid = 0x00800000
const goSetgid = 0x00400000
const goSticky = 0x00100000

export type FileType = 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'block' | 'character' | 'other'

const typeByBits = new Map<number, FileType>([
  [0, 'file'],
  [goType.directory, 'directory'],
  [goType.symlink, 'symlink'],
  [goType.fifo, 'fifo'],
  [goType.socket, 'socket'],
  [goType.device, 'block'],
  [goType.device + goType.characterDevice, 'character'],
])

/** What kind of file a mode as Go's `os.FileMode` has it says that this is. */
export const typeOf = (mode: number): FileType => typeByBits.get((mode & goTypes) >>> 0) ?? 'other'

/** The permissions, with the bits for set-uid, set-gid and sticky where chmod(2) has them. */
export const permissionsOf = (mode: number): number =>
  (mode & 0o777) |
  (mode & goSetuid ? 0o4000 : 0) |
  (mode & goSetgid ? 0o2000 : 0) |
  (mode & goSticky ? 0o1000 : 0)

/** A mode in Go's bits. */
export function goMode(type: FileType, permissions: number): number {
  const [typeBits = 0] = [...typeByBits].find(([, name]) => name === type) ?? []
  const special =
    (permissions & 0o4000 ? goSetuid : 0) |
    (permissions & 0o2000 ? goSetgid : 0) |
    (permissions & 0o1000 ? goSticky : 0)
  return (typeBits | special | (permissions & 0o777)) >>> 0
}
