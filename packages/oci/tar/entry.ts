/** An entry of a tar archive, as all the formats (ustar, GNU, PAX) are read into and written from. */

export type EntryType = 'file' | 'link' | 'symlink' | 'character' | 'block' | 'directory' | 'fifo'

export interface TarHeader {
  /** As in the archive, decoded by `textOfName`; may be absolute or contain `..`. */
  name: string
  type: EntryType
  /** Target of a link or symlink. */
  linkName: string
  /** Permission bits with setuid, setgid and sticky. */
  mode: number
  uid: number
  gid: number
  userName: string
  groupName: string
  /** Bytes of the file once unpacked, holes included. 0 for what is not a file. */
  size: number
  modified: Timestamp
  deviceMajor: number
  deviceMinor: number
  /** Extended attributes (PAX `SCHILY.xattr.*`). */
  xattrs: Map<string, Buffer>
}

/** A point in time, as utimensat(2) takes it. `nanoseconds` is 0 to 999,999,999, also before 1970. */
export interface Timestamp {
  seconds: number
  nanoseconds: number
}

/** A piece of a file's content. What lies between pieces, and after the last, is a hole. */
export interface Piece {
  offset: number
  data: Buffer
}

/** A header with sensible values for what a writer seldom cares about. */
export function entryHeader(fields: Partial<TarHeader> & Pick<TarHeader, 'name' | 'type'>): TarHeader {
  return {
    linkName: '',
    mode: fields.type === 'directory' ? 0o755 : 0o644,
    uid: 0,
    gid: 0,
    userName: '',
    groupName: '',
    size: 0,
    modified: { seconds: 0, nanoseconds: 0 },
    deviceMajor: 0,
    deviceMinor: 0,
    xattrs: new Map(),
    ...fields,
  }
}
