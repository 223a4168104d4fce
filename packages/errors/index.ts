/**
 * The closed set of error kinds. A package throws the kind that fits where the problem arises; the daemon maps a kind
 * to an HTTP status once, the CLI maps a status to an exit code once.
 */
export type ErrorKind =
  | 'InvalidParameter'
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'Conflict'
  | 'NotModified'
  | 'NotImplemented'
  | 'Unavailable'
  | 'Cancelled'
  | 'System'

/** An error whose message is written for the user, in the words that Docker's users know. */
export class GantryError extends Error {
  readonly kind: ErrorKind

  constructor(kind: ErrorKind, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'GantryError'
    this.kind = kind
  }
}

/** Whether `error` is a GantryError of this kind (of any kind, without one). */
export function isKind(error: unknown, kind?: ErrorKind): error is GantryError {
  return error instanceof GantryError && (kind === undefined || error.kind === kind)
}

/** The text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The same for users: a failed call of Node's as Go programs tell it, `open /x: permission denied`. */
export function failureOf(error: unknown): string {
  const message = messageOf(error)
  if (!(error instanceof Error)) return message
  const { syscall, path } = error as { syscall?: string; path?: string }
  const reason = syscall && /^E[A-Z0-9]+: ([^,]+), /.exec(message)?.[1]
  if (!reason) return message
  return path === undefined ? `${syscall}: ${reason}` : `${syscall} ${path}: ${reason}`
}
