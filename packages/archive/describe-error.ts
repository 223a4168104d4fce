import { getSystemErrorMessage } from 'node:util'
import { type ErrorKind, GantryError, messageOf } from '@gantry/errors'
import { SystemCallError } from '@gantry/syscall'

/** The system's words where libuv has others of its own. */
const words: Readonly<Record<string, string>> = {
  EBUSY: 'device or resource busy',
  EEXIST: 'file exists',
  EISDIR: 'is a directory',
  ELOOP: 'too many levels of symbolic links',
  ENAMETOOLONG: 'file name too long',
  ENOTEMPTY: 'directory not empty',
  EXDEV: 'invalid cross-device link',
}

/** Which libuv has no name for. */
const EDQUOT = 122

export function systemWords({ code = '', errno = 0 }: Pick<NodeJS.ErrnoException, 'code' | 'errno'>): string {
  if (Math.abs(errno) === EDQUOT) return 'disk quota exceeded'
  return words[code] ?? getSystemErrorMessage(-Math.abs(errno))
}

/** An error as plain data, in the form in which Go programs tell failed calls: `unlinkat /etc/hosts: device or resource busy`. */
export function describeError(error: unknown): { kind: ErrorKind; message: string } {
  if (error instanceof GantryError) return { kind: error.kind, message: error.message }
  const { code = '', errno, syscall, message } = error as NodeJS.ErrnoException
  if (/^(Z_|ZSTD_)/.test(code)) return { kind: 'InvalidParameter', message }
  if (error instanceof SystemCallError) {
    const call = error.message.replace(/: [^:]*$/, '')
    return { kind: 'System', message: `${call}: ${systemWords(error)}` }
  }
  if (errno !== undefined && syscall) {
    return { kind: 'System', message: `${syscall}: ${systemWords({ code, errno })}` }
  }
  return { kind: 'System', message: messageOf(error) }
}
