/**
 * Starting a program without copying this process. Node forks to spawn, and for a process of this size the kernel takes
 * ten milliseconds to copy its page tables, in which nothing else happens; posix_spawn(3) borrows the memory instead.
 */
import { closeSync } from 'node:fs'
import { constants } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import koffi from 'koffi'
import { bind, check, SystemCallError } from './libc.ts'

const libcSpawn = bind(
  'int posix_spawn(_Out_ uint8_t *pid, const char *path, uint8_t *actions, uint8_t *attributes, uint8_t *argv, uint8_t *envp)',
)
const actionsInit = bind('int posix_spawn_file_actions_init(uint8_t *actions)')
const actionsDuplicate = bind('int posix_spawn_file_actions_adddup2(uint8_t *actions, int from, int to)')
const actionsDirectory = bind('int posix_spawn_file_actions_addchdir_np(uint8_t *actions, const char *path)')
const actionsDestroy = bind('int posix_spawn_file_actions_destroy(uint8_t *actions)')
const attributesInit = bind('int posix_spawnattr_init(uint8_t *attributes)')
const attributesFlags = bind('int posix_spawnattr_setflags(uint8_t *attributes, short flags)')
const attributesDefault = bind('int posix_spawnattr_setsigdefault(uint8_t *attributes, uint8_t *signals)')
const attributesMask = bind('int posix_spawnattr_setsigmask(uint8_t *attributes, uint8_t *signals)')
const libcPipe = bind('int pipe2(_Inout_ uint8_t *ends, int flags)')
const libcDuplicate = bind('int fcntl(int fd, int command, int lowest)')
const libcCloseRange = bind(
  'long syscall(long number, unsigned int first, unsigned int last, unsigned int flags)',
)
const libcWait = bind('int waitpid(int pid, void *status, int options)')

const O_CLOEXEC = 0o2000000
const F_DUPFD_CLOEXEC = 1030
const WNOHANG = 1
const SYS_close_range = 436
const CLOSE_RANGE_CLOEXEC = 4
const lastDescriptor = 2 ** 32 - 1
const POSIX_SPAWN_SETSIGDEF = 0x04
const POSIX_SPAWN_SETSIGMASK = 0x08
const POSIX_SPAWN_SETSID = 0x80
/** More than posix_spawnattr_t and posix_spawn_file_actions_t take; sigset_t takes exactly 128. */
const structureBytes = 512
const signalSetBytes = 128
/** No descriptor of the child is as high. */
const lowestOwnDescriptor = 64

export interface SpawnRequest {
  /** Absolute. */
  program: string
  arguments: readonly string[]
  environment: Readonly<Record<string, string>>
  directory: string
  /** Ours, each of which becomes the child's descriptor of that index. Others are not passed on. */
  descriptors: readonly number[]
}

/**
 * Starts a program in a session of its own, with no signal blocked or ignored. Resolves the pid at once; the caller must
 * reap it. Throws SystemCallError, e.g. ENOENT.
 */
export function spawnProgram(request: SpawnRequest): number {
  // Whoever started this process may have left descriptors open in it.
  libcCloseRange(SYS_close_range, 3, lastDescriptor, CLOSE_RANGE_CLOEXEC)
  const attributes = Buffer.alloc(structureBytes)
  attributesInit(attributes)
  attributesFlags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID)
  attributesDefault(attributes, Buffer.alloc(signalSetBytes, 0xff))
  attributesMask(attributes, Buffer.alloc(signalSetBytes))
  const actions = Buffer.alloc(structureBytes)
  actionsInit(actions)
  const copies: number[] = []
  try {
    // Out of the way of the child's numbers, so that none is overwritten before it has been passed on.
    for (const fd of request.descriptors)
      copies.push(check('fcntl', libcDuplicate(fd, F_DUPFD_CLOEXEC, lowestOwnDescriptor)))
    for (const [index, copy] of copies.entries()) actionsDuplicate(actions, copy, index)
    actionsDirectory(actions, request.directory)
    const argv = new StringArray([request.program, ...request.arguments])
    const envp = new StringArray(
      Object.entries(request.environment).map(([name, value]) => `${name}=${value}`),
    )
    const pid = Buffer.alloc(4)
    const errno = libcSpawn(pid, request.program, actions, attributes, argv.pointers, envp.pointers)
    // Not before the call is over may the strings be collected.
    argv.release()
    envp.release()
    if (errno !== 0) throw new SystemCallError('posix_spawn', errno, request.program)
    return pid.readInt32LE()
  } finally {
    for (const copy of copies) closeSync(copy)
    actionsDestroy(actions)
  }
}

/** A `char *[]`, whole until its release. */
class StringArray {
  #strings: Buffer[]
  readonly pointers: Buffer

  constructor(texts: readonly string[]) {
    this.#strings = texts.map((text) => {
      if (text.includes('\0')) throw new SystemCallError('posix_spawn', constants.errno.EINVAL, text)
      // Outside of Node's pool, whose memory may move.
      const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text) + 1)
      bytes.write(text)
      bytes[bytes.length - 1] = 0
      return bytes
    })
    this.pointers = Buffer.alloc((texts.length + 1) * 8)
    this.#strings.forEach((string, index) => {
      this.pointers.writeBigUInt64LE(koffi.address(string), index * 8)
    })
  }

  release(): void {
    this.#strings = []
  }
}

/** Waits for a child that spawnProgram has started and that ends soon by itself. */
export async function reap(pid: number): Promise<void> {
  for (let attempt = 0; libcWait(pid, null, WNOHANG) === 0; attempt++) await sleep(attempt < 50 ? 1 : 50)
}

/** Both ends of a new pipe, closed on exec. */
export function openPipe(): { read: number; write: number } {
  const ends = Buffer.alloc(8)
  check('pipe2', libcPipe(ends, O_CLOEXEC))
  return { read: ends.readInt32LE(0), write: ends.readInt32LE(4) }
}
