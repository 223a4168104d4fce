/** memfd_create(2) with every seal: a copy of a file that nobody can change any more, not even root. */
import { closeSync, readFileSync, writeSync } from 'node:fs'
import { bind, check, SystemCallError } from './libc.ts'

const memfdCreate = bind('int memfd_create(const char *name, unsigned int flags)')
const fcntl = bind('int fcntl(int fd, int command, int argument)')

const MFD_CLOEXEC = 1
const MFD_ALLOW_SEALING = 2
const MFD_EXEC = 16
const F_ADD_SEALS = 1033
/** F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW and F_SEAL_WRITE. */
const allSeals = 1 | 2 | 4 | 8

/**
 * Copies a program into a sealed file in memory. Returns its descriptor, by which it can be executed as
 * `/proc/<pid>/fd/<descriptor>` as long as it is open. Throws SystemCallError.
 */
export function sealProgram(path: string): number {
  return seal(readFileSync(path), path)
}

/** The same of any bytes. The descriptor is the caller's to close. Throws SystemCallError. */
export function sealBytes(content: Uint8Array, name: string): number {
  return seal(content, name)
}

function seal(content: Uint8Array, path: string): number {
  const fd = create(path)
  try {
    for (let written = 0; written < content.length; ) written += writeSync(fd, content, written)
    check('fcntl', fcntl(fd, F_ADD_SEALS, allSeals), path)
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

function create(name: string): number {
  const flags = MFD_CLOEXEC | MFD_ALLOW_SEALING
  try {
    return check('memfd_create', memfdCreate(name, flags | MFD_EXEC))
  } catch (error) {
    // Before Linux 6.3 there is no such flag, and every such file can be executed.
    if (error instanceof SystemCallError && error.code === 'EINVAL') {
      return check('memfd_create', memfdCreate(name, flags))
    }
    throw error
  }
}
