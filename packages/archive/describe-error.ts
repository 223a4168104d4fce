import { getSystemErrorMessage } from 'node:util'
import { type ErrorKind, GantryError, messageOf } from '@gantry/errors'
import { SystemCallError } from '@gantry/syscall'

/** An error as plain data, in the form in which Go programs tell failed calls: `unlinkat /etc/hosts: device or resource busy`. */
export function describeError(error: unknown): { kind: ErrorKind; message: string } {
  if (error instanceof GantryError) return { kind: error.kind, message: error.message }
  const { code = '', errno, syscall, message } = error as NodeJS.ErrnoException
  if (/^(Z_|ZSTD_)/.test(code)) return { kind: 'InvalidParameter', message }
  if (error instanceof SystemCallError) {
    const call = error.message.replace(/: [^:]*$/, '')
    return { kind: 'System', message: `${call}: ${getSystemErrorMessage(-error.errno)}` }
  }
  if (errno !== undefined && syscall) {
    return { kind: 'System', message: `${syscall}: ${getSystemErrorMessage(errno)}` }
  }
  return { kind: 'System', message: messageOf(error) }
}
