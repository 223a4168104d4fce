import { GantryError, isKind, messageOf } from '@gantry/errors'
import { ProcessStartError } from '@gantry/runtime'

/** How a failed start is told to the user and remembered in the container's state. */
export interface StartFailure {
  /** 127: no such command; 126: not executable; 128: anything else. */
  exitCode: number
  error: GantryError
}

/** Judges by the message, which is all that an OCI runtime gives (Docker's translateContainerdStartErr does the same). */
export function startFailure(cause: unknown, command: string): StartFailure {
  const message = messageOf(cause)
  const says = (text: string) => message.includes(text)
  const invalid = (exitCode: number, text = message) => ({
    exitCode,
    error: new GantryError('InvalidParameter', text, { cause }),
  })
  // A file that was named as the working directory, which is no matter of mounts.
  if (says('not a directory') && says('chdir to cwd')) return invalid(127)
  if (says('not a directory')) {
    const hint =
      'Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type'
    return invalid(127, says(hint) ? message : `${message}: ${hint}`)
  }
  if (says('permission denied') || says('is a directory')) return invalid(126)
  if (cause instanceof ProcessStartError) return { exitCode: cause.exitCode, error: cause }
  const missing = says('executable file not found') || says('no such file or directory')
  if (missing && says(command)) return invalid(127)
  return { exitCode: 128, error: isKind(cause) ? cause : new GantryError('System', message, { cause }) }
}
