import { type ErrorKind, GantryError, messageOf } from '@gantry/errors'
import { failedCall, SystemCallError, systemWords } from '@gantry/syscall'

/** An error as plain data, in the form in which Go programs tell failed calls: `unlinkat /etc/hosts: device or resource busy`. */
export function describeError(error: unknown): { kind: ErrorKind; message: string } {
  if (error instanceof GantryError) return { kind: error.kind, message: error.message }
  const { code = '', errno, syscall, message } = error as NodeJS.ErrnoException
  if (/^(Z_|ZSTD_)/.test(code)) return { kind: 'InvalidParameter', message }
  if (error instanceof SystemCallError) return { kind: 'System', message: failedCall(error) }
  if (errno !== undefined && syscall) {
    return { kind: 'System', message: `${syscall}: ${systemWords({ code, errno })}` }
  }
  return { kind: 'System', message: messageOf(error) }
}
