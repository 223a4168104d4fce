/**
 * Making user namespaces (user_namespaces(7)). A process with threads can neither make nor enter one, so a child is
 * cloned that stops before it does anything: its namespaces are mounted on files, and it is killed.
 */
import { closeSync, openSync, statSync, writeFileSync } from 'node:fs'
import { bind, check } from './libc.ts'
import { keepNamespace, releaseNamespace } from './namespace-file.ts'

const clone = bind('int clone(void *function, uintptr_t stack, int flags, intptr_t argument)')
const dlsym = bind('uintptr_t dlsym(void *handle, const char *symbol)')
const mmap = bind(
  'uintptr_t mmap(void *address, size_t length, int protection, int flags, int fd, long offset)',
)
const munmap = bind('int munmap(uintptr_t address, size_t length)')
const kill = bind('int kill(int pid, int signal)')
const waitpid = bind('int waitpid(int pid, void *status, int options)')

const getcontext = bind('int getcontext(uintptr_t context)')
const makecontext = bind(
  'void makecontext(uintptr_t context, uintptr_t function, int count, int64_t first, int64_t second)',
)
const copyToAddress = bind('uintptr_t memcpy(uintptr_t target, const void *source, size_t length)')

const CLONE_VM = 0x100
const CLONE_NEWUSER = 0x10000000
const CLONE_NEWNET = 0x40000000
const WUNTRACED = 2
const __WALL = 0x40000000
const PROT_READ_WRITE = 3
const MAP_PRIVATE_ANONYMOUS = 0x22
const SIGKILL = 9
const SIGSTOP = 19
const stackBytes = 64 * 1024

/** `length` ids from `inside` on, in the namespace, are those from `outside` on in the host. */
export interface IdRange {
  inside: number
  outside: number
  length: number
}

export interface IdMapping {
  uids: IdRange[]
  gids: IdRange[]
}

/** The files that keep the namespaces. */
export interface UserNamespacePaths {
  user: string
  /** Also a network namespace that belongs to the new user namespace. */
  network?: string
}

/** Makes the namespaces. Throws SystemCallError, e.g. ENOSPC at the limit of user namespaces; then nothing is left. */
export function createUserNamespace(mapping: IdMapping, paths: UserNamespacePaths): void {
  const stack = mmap(null, stackBytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0)
  try {
    const flags = CLONE_VM | CLONE_NEWUSER | (paths.network ? CLONE_NEWNET : 0)
    const child = check(
      'clone',
      clone(addressOf('raise'), stack + stackBytes, flags, SIGSTOP),
      'CLONE_NEWUSER',
    )
    try {
      writeFileSync(`/proc/${child}/uid_map`, mapText(mapping.uids))
      writeFileSync(`/proc/${child}/gid_map`, mapText(mapping.gids))
      keep(child, paths)
    } finally {
      kill(child, SIGKILL)
      // Its stack is not ours again before it has ended.
      check('waitpid', waitpid(child, null, __WALL))
    }
  } finally {
    munmap(stack, stackBytes)
  }
}

/**
 * Makes a network namespace that belongs to the user namespace behind `user` and keeps it in the file `path`.
 * Throws SystemCallError, or Error when the user namespace cannot be entered; then nothing is left.
 */
export function createNetworkNamespaceIn(user: string, path: string): void {
  const memory = mmap(null, 2 * stackBytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0)
  const target = openSync(user, 'r')
  try {
    const first = chainOfCalls(memory, [
      ['setns', target, CLONE_NEWUSER],
      ['unshare', CLONE_NEWNET, 0],
      ['raise', SIGSTOP, 0],
    ])
    const child = check('clone', clone(addressOf('setcontext'), memory + 2 * stackBytes, CLONE_VM, first))
    try {
      check('waitpid', waitpid(child, null, WUNTRACED | __WALL))
      const [entered, wanted, own] = [`/proc/${child}/ns/user`, user, '/proc/self/ns/user'].map(
        (file) => statSync(file, { bigint: true }).ino,
      )
      if (entered !== wanted || wanted === own) throw new Error(`cannot enter the user namespace ${user}`)
      keepNamespace(`/proc/${child}/ns/net`, path)
    } finally {
      kill(child, SIGKILL)
      waitpid(child, null, __WALL)
    }
  } finally {
    closeSync(target)
    munmap(memory, 2 * stackBytes)
  }
}

/** A ucontext_t (half of it is more than enough on x86-64 and arm64) and the stack of one call. */
const frameBytes = 16 * 1024

/**
 * Lays out calls of libc functions in `memory`, one after another: a thread that goes to the returned context
 * (setcontext(3)) makes them without running any code of ours, which it could not.
 */
function chainOfCalls(memory: number, calls: [symbol: string, first: number, second: number][]): number {
  let next = 0
  for (const [index, [symbol, ...values]] of [...calls.entries()].reverse()) {
    const context = memory + index * frameBytes
    check('getcontext', getcontext(context))
    // ucontext_t: flags, link, then the stack's address, flags and size.
    const head = Buffer.alloc(32)
    head.writeBigUInt64LE(BigInt(next), 0)
    head.writeBigUInt64LE(BigInt(context + frameBytes / 2), 8)
    head.writeBigUInt64LE(BigInt(frameBytes / 2), 24)
    copyToAddress(context + 8, head, head.length)
    makecontext(context, addressOf(symbol), 2, ...values)
    next = context
  }
  return memory
}

function keep(child: number, { user, network }: UserNamespacePaths): void {
  keepNamespace(`/proc/${child}/ns/user`, user)
  if (!network) return
  try {
    keepNamespace(`/proc/${child}/ns/net`, network)
  } catch (error) {
    releaseNamespace(user)
    throw error
  }
}

function addressOf(symbol: string): number {
  return dlsym(null, symbol)
}

/** The lines of uid_map and gid_map. */
function mapText(ranges: readonly IdRange[]): string {
  return ranges.map(({ inside, outside, length }) => `${inside} ${outside} ${length}\n`).join('')
}

/** What the id 0 of the namespace is in the host. Throws when the mapping has none. */
export function rootOf({ uids, gids }: IdMapping): { uid: number; gid: number } {
  const [uid, gid] = [uids, gids].map((ranges) => ranges.find(({ inside }) => inside === 0)?.outside)
  if (uid === undefined || gid === undefined) throw new Error('the mapping has no root')
  return { uid, gid }
}

/** What an id of the host is in the namespace: the kernel's "nobody" where it has none. */
export function insideId(outside: number, ranges: readonly IdRange[]): number {
  const range = ranges.find((each) => outside >= each.outside && outside < each.outside + each.length)
  return range ? range.inside + outside - range.outside : overflowId
}

/** What an id of the namespace is in the host; null where it has none. */
export function outsideId(inside: number, ranges: readonly IdRange[]): number | null {
  const range = ranges.find((each) => inside >= each.inside && inside < each.inside + each.length)
  return range ? range.outside + inside - range.inside : null
}

/** proc(5), /proc/sys/kernel/overflowuid: its value where nobody has changed it. */
const overflowId = 65534
