import { type ErrorKind, failureOf, isKind } from '@gantry/errors'

/** The one place where a kind of error becomes an HTTP status. */
const statusOf: Record<ErrorKind, number> = {
  InvalidParameter: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  Conflict: 409,
  NotModified: 304,
  NotImplemented: 501,
  Unavailable: 503,
  Cancelled: 500,
  System: 500,
}

/** What a client is told of whatever was thrown: the status and the text of `{"message": …}`. */
export function describeError(error: unknown): { status: number; message: string } {
  return { status: isKind(error) ? statusOf[error.kind] : 500, message: failureOf(error) }
}
