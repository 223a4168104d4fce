/**
 * The C library through koffi: how every other file of this package binds a function, and how a failed call becomes an
 * exception. Calls are synchronous and on the calling thread, which is what setns(2) and friends need.
 */
import { constants } from 'node:os'
import koffi from 'koffi'

const libc = koffi.load('libc.so.6')

/** A failed system call. `code` is the errno name (`ENOENT`), `errno` its positive number, as in Node's own errors. */
export class SystemCallError extends Error {
  readonly syscall: string
  readonly code: string
  readonly errno: number

  constructor(syscall: string, errno: number, detail?: string) {
    const code = nameOf(errno)
    super(`${syscall}${detail ? ` ${detail}` : ''}: ${code}`)
    this.name = 'SystemCallError'
    this.syscall = syscall
    this.code = code
    this.errno = errno
  }
}

// Of the two names of errno 11, Node's own errors have the first.
const { EWOULDBLOCK: _, ...errnos } = constants.errno
const errnoNames = new Map(Object.entries(errnos).map(([name, number]) => [number as number, name]))

function nameOf(errno: number): string {
  return errnoNames.get(errno) ?? `errno ${errno}`
}

/** A bound C function: numbers, bigints, strings and buffers in, a number out. */
export type NativeFunction = (...args: NativeArgument[]) => number
export type NativeArgument = number | bigint | string | Uint8Array | null

/**
 * Binds a libc function by its C prototype, e.g. `bind('int umount2(const char *target, int flags)')`.
 * Buffers are passed as `void *` or `_Inout_ uint8_t *`.
 */
export function bind(prototype: string): NativeFunction {
  return libc.func(prototype) as NativeFunction
}

/** As `bind`, for calls that may block for long: each runs on a thread of libuv's pool. Resolves to the result. */
export function bindAsync(prototype: string): (...args: NativeArgument[]) => Promise<number> {
  const call = libc.func(prototype)
  return (...args) =>
    new Promise((resolve, reject) => {
      call.async(...args, (error: Error | null, result: number) => (error ? reject(error) : resolve(result)))
    })
}

/** Passes a call's result through, or throws SystemCallError with the current errno when it is negative. */
export function check(syscall: string, result: number, detail?: string): number {
  if (result < 0) throw new SystemCallError(syscall, koffi.errno(), detail)
  return result
}
