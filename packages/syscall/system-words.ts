/** What the system says of a call that failed, in the words that C and Go programs have. */
import { getSystemErrorMessage } from 'node:util'
import type { SystemCallError } from './libc.ts'

/** Where libuv has words of its own. */
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

/** What strerror(3) says of an error, without the name of the call and the path. `errno` may have either sign. */
export function systemWords({ code = '', errno = 0 }: Pick<NodeJS.ErrnoException, 'code' | 'errno'>): string {
  if (Math.abs(errno) === EDQUOT) return 'disk quota exceeded'
  return words[code] ?? getSystemErrorMessage(-Math.abs(errno))
}

/** A failed call as Go programs tell it: `unlinkat /etc/hosts: device or resource busy`. */
export function failedCall(error: SystemCallError): string {
  return `${error.message.replace(/: [^:]*$/, '')}: ${systemWords(error)}`
}
