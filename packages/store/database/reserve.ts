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

/**
 * A disk without that much goes without, and so does a file system that cannot reserve. What is returned is to be disposed
 * of after the connection is closed: to close a file of it ends the locks that the connection has on it (fcntl(2)).
 */
export function reserve(connection: DatabaseSync, path: string): Disposable {
  try {
    makeFreePages(connection)
  } catch {
    // A precaution: whoever needs the room will hear that there is none.
  }
  return reserveLog(path)
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
export function reserveLog(path: string): Disposable {
  const open = new DisposableStack()
  grow(open, `${path}-wal`, logSpace)
  grow(open, `${path}-shm`, indexSpace)
  return open
}

function grow(open: DisposableStack, path: string, bytes: number): void {
  try {
    preallocate(open.adopt(openSync(path, 'a', 0o600), closeSync), bytes)
  } catch {
    // As above.
  }
}
