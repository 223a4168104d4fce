import { bind, check } from './libc.ts'

const prlimit = bind('int prlimit(int pid, int resource, const void *new_limit, void *old_limit)')

const RLIMIT_NOFILE = 7

/**
 * Sets how many files a process may have open, prlimit(2): those that it has open already stay. Throws SystemCallError,
 * e.g. EPERM for a hard limit beyond fs.nr_open.
 */
export function limitOpenFiles(
  pid: number,
  { soft, hard }: { soft: number | bigint; hard: number | bigint },
): void {
  const limit = Buffer.alloc(16)
  limit.writeBigUInt64LE(BigInt(soft), 0)
  limit.writeBigUInt64LE(BigInt(hard), 8)
  check('prlimit', prlimit(pid, RLIMIT_NOFILE, limit, null), String(pid))
}
