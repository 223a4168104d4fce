/** Listening on a unix socket whose path may hold the leftover of another daemon. */
import { once } from 'node:events'
import { chmodSync, chownSync } from 'node:fs'
import { lstat, mkdir, readFile, unlink } from 'node:fs/promises'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { GantryError } from '@gantry/errors'

export interface UnixListener {
  path: string
  /** Removes the socket's file, if it is still the one that was made. Call it after closing the server. */
  remove(): Promise<void>
}

/**
 * Listens with mode 0660 and the group's id. A socket that nobody serves is replaced.
 * Throws Conflict when somebody does, or when something else stands there.
 */
export async function listenUnix(server: Server, path: string, gid: number): Promise<UnixListener> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 })
  const state = await probeSocket(path)
  if (state === 'served')
    throw new GantryError('Conflict', `can't create unix socket ${path}: another daemon is listening there`)
  if (state === 'other')
    throw new GantryError(
      'Conflict',
      `can't create unix socket ${path}: a file that is no socket is in the way`,
    )
  if (state === 'stale') await unlink(path)
  await bindPrivately(server, path)
  chownSync(path, 0, gid)
  chmodSync(path, 0o660)
  const { ino, dev } = await lstat(path)
  return {
    path,
    async remove() {
      const now = await lstat(path).catch(() => null)
      if (now && now.ino === ino && now.dev === dev) await unlink(path)
    },
  }
}

/** Binds with no rights for anybody else: the file must not be open to all for even a moment. */
async function bindPrivately(server: Server, path: string): Promise<void> {
  const listening = once(server, 'listening')
  const mask = process.umask(0o177)
  try {
    server.listen(path)
  } finally {
    process.umask(mask)
  }
  await listening
}

export type SocketState = 'absent' | 'stale' | 'served' | 'other'

/**
 * What stands at a path. A socket that the kernel lists as listening is not connected to: that would make systemd
 * start the service behind it.
 */
export async function probeSocket(path: string): Promise<SocketState> {
  const found = await lstat(path).catch(() => null)
  if (!found) return 'absent'
  if (!found.isSocket()) return 'other'
  if (isListening(await readFile('/proc/net/unix', 'utf8').catch(() => ''), path)) return 'served'
  return (await answers(path)) ? 'served' : 'stale'
}

/** Columns of /proc/net/unix: Num RefCount Protocol Flags Type St Inode Path; the flag means "accepts connections". */
export function isListening(table: string, path: string): boolean {
  const acceptsConnections = 0x10000
  return table.split('\n').some((line) => {
    const columns = line.trim().split(/\s+/)
    return (
      columns.slice(7).join(' ') === path &&
      (Number.parseInt(columns[3] ?? '', 16) & acceptsConnections) !== 0
    )
  })
}

async function answers(path: string): Promise<boolean> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
