/** What goes wrong with a registry, told apart by reason and worded as Docker's users know it. */
import { type ErrorKind, GantryError } from '@gantry/errors'

export type RegistryReason =
  /** Credentials are missing or wrong. */
  | 'unauthorized'
  /** Known to the registry, but not allowed; registries say it also of repositories that are not there. */
  | 'denied'
  | 'manifest-unknown'
  | 'name-unknown'
  | 'blob-unknown'
  /** 429; `retryAfter` says when to come back, where the registry does. */
  | 'rate-limited'
  /** The registry does not do this: a method, a schema, an extension. */
  | 'unsupported'
  /** The certificate is not trusted, or one side speaks TLS and the other does not. */
  | 'tls'
  /** No connection: refused, unknown host, timed out, or cut. */
  | 'unreachable'
  /** The registry, or something before it, failed: 5xx. */
  | 'server'
  /** What came back breaks the protocol or does not match its digest, size or type. */
  | 'invalid-answer'
  /** What was sent was refused as wrong. */
  | 'rejected'

const kindOf = {
  unauthorized: 'Unauthorized',
  denied: 'Forbidden',
  'manifest-unknown': 'NotFound',
  'name-unknown': 'NotFound',
  'blob-unknown': 'NotFound',
  'rate-limited': 'System',
  unsupported: 'InvalidParameter',
  tls: 'System',
  unreachable: 'System',
  server: 'System',
  'invalid-answer': 'System',
  rejected: 'InvalidParameter',
} satisfies Record<RegistryReason, ErrorKind>

const retryable: ReadonlySet<RegistryReason> = new Set(['rate-limited', 'unreachable', 'server'])

export interface RegistryErrorDetails {
  /** HTTP status, where there was an answer. */
  status?: number
  /** Milliseconds since the epoch at which the registry wants to be asked again. */
  retryAfter?: number
  /** The first thing that the registry itself said: `denied: requested access to the resource is denied`. */
  detail?: string
  cause?: unknown
}

export class RegistryError extends GantryError {
  readonly reason: RegistryReason
  readonly status: number | undefined
  readonly retryAfter: number | undefined
  readonly detail: string | undefined

  constructor(reason: RegistryReason, message: string, details: RegistryErrorDetails = {}) {
    super(kindOf[reason], message, { cause: details.cause })
    this.name = 'RegistryError'
    this.reason = reason
    this.status = details.status
    this.retryAfter = details.retryAfter
    this.detail = details.detail
  }

  /** The same error with the request in front, as Docker shows what its HTTP client says. */
  of(method: string, url: URL): RegistryError {
    const verb = method.charAt(0) + method.slice(1).toLowerCase()
    // A query may hold a signature that opens something; that of a search holds what the user typed.
    const shown = url.pathname === '/v1/search' ? url.href : url.origin + url.pathname
    const message = `${verb} "${shown}": ${this.message}`
    const { reason, status, retryAfter, detail } = this
    return new RegistryError(reason, message, {
      ...(status !== undefined && { status }),
      ...(retryAfter !== undefined && { retryAfter }),
      ...(detail !== undefined && { detail }),
      cause: this,
    })
  }

  /** Whether the same request may succeed later. */
  get retryable(): boolean {
    return retryable.has(this.reason)
  }
}
