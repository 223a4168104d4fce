/**
 * Room that the database has for itself, so that everything else can fill the disk and what would make room can still be
 * removed: each removal is a write.
 */
import { closeSync, openSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { preallocate } from '@gantry/syscall'

/** Bytes for the log of changes: more than it grows to (1000 pages of 4 KiB, then it begins again from its start). */
const logSpace = 6 << 20
/** Bytes of the log's index. */
const indexSpace = 32 << 10
/** Pages within the database file that hold nothing, for what the log hands over: 1 MiB. */
const freePages = 256

/** A disk without that much goes without, and so does a file system that cannot reserve. */
export function reserve(connection: DatabaseSync, path: string): void {
  try {
    makeFreePages(connection)
  } catch {
    // A precaution: whoever needs the room will hear that there is none.
  }
  reserveLog(path)
}

/** Written and given back: SQLite keeps the pages of what is dropped, and takes them again first. */
function makeFreePages(connection: DatabaseSync): void {
  const free = connection.prepare('PRAGMA freelist_count').get()?.freelist_count
  if (typeof free !== 'number' || free >= freePages) return
  connection.exec('CREATE TABLE IF NOT EXISTS reserve (filler BLOB)')
  try {
    connection.prepare('INSERT INTO reserve VALUES (zeroblob(?))').run(freePages * 4096)
    connection.exec('PRAGMA wal_checkpoint(PASSIVE)') // into the file itself
  } finally {
    connection.exec('DROP TABLE reserve')
  }
}

/**
 * The log and its index. Also once the database is closed, as SQLite removes both then: the next daemon may start on a
 * full disk.
 */
export function reserveLog(path: string): void {
  grow(`${path}-wal`, logSpace)
  grow(`${path}-shm`, indexSpace)
}

function grow(path: string, bytes: number): void {
  let file: number | null = null
  try {
    file = openSync(path, 'a', 0o600)
    preallocate(file, bytes)
  } catch {
    // As above.
  } finally {
    if (file !== null) closeSync(file)
  }
}
