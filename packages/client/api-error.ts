import { type ErrorKind, GantryError } from '@gantry/errors'

/** What the engine answered instead of doing the request. */
export class ApiError extends GantryError {
  readonly status: number

  /** `message` as the engine sent it; the error's own message names the daemon, as Docker's client does. */
  constructor(status: number, message: string) {
    super(kindOf(status), `Error response from daemon: ${message}`)
    this.name = 'ApiError'
    this.status = status
  }
}

const kinds: Readonly<Record<number, ErrorKind>> = {
  304: 'NotModified',
  400: 'InvalidParameter',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  501: 'NotImplemented',
  503: 'Unavailable',
}

function kindOf(status: number): ErrorKind {
  return kinds[status] ?? 'System'
}
