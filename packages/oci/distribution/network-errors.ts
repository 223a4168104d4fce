/** What goes wrong below HTTP, in the words that Docker's users search for. */
import { isIP } from 'node:net'
import { messageOf } from '@gantry/errors'
import { RegistryError } from './errors.ts'

type SystemError = NodeJS.ErrnoException & {
  address?: string
  port?: number
  hostname?: string
  cert?: { subjectaltname?: string }
  reason?: string
}

const unknownAuthority = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_SIGNATURE_FAILURE',
])

/** The other side does not speak TLS. */
const notTls = new Set([
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_HTTP_REQUEST',
  'ERR_SSL_RECORD_LAYER_FAILURE',
])

const connectWords: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  EADDRNOTAVAIL: 'cannot assign requested address',
  EACCES: 'permission denied',
}

/** Said of a port on which nobody speaks TLS. */
export const notTlsMessage = 'http: server gave HTTP response to HTTPS client'

/** The RegistryError for an error of a socket, of TLS or of the name service. `host` and `port` are what was dialled. */
export function networkError(error: unknown, host: string, port: number): RegistryError {
  if (error instanceof RegistryError) return error
  const failure = firstOf(error)
  const code = failure.code ?? ''
  const tls = tlsWords(failure, code, host)
  if (tls !== undefined) return new RegistryError('tls', tls, { cause: error })
  return new RegistryError('unreachable', connectionWords(failure, code, host, port), { cause: error })
}

/** Several addresses tried make several errors. */
function firstOf(error: unknown): SystemError {
  const first = error instanceof AggregateError ? error.errors[0] : error
  return first instanceof Error ? first : new Error(messageOf(first))
}

function connectionWords(failure: SystemError, code: string, host: string, port: number): string {
  const dialled = `${failure.address ? bracketed(failure.address) : host}:${failure.port ?? port}`
  const refused = connectWords[code]
  if (refused !== undefined) return `dial tcp ${dialled}: connect: ${refused}`
  switch (code) {
    case 'ENOTFOUND':
      return `dial tcp: lookup ${host}: no such host`
    case 'EAI_AGAIN':
      return `dial tcp: lookup ${host}: Temporary failure in name resolution`
    case 'ETIMEDOUT':
      return `dial tcp ${dialled}: i/o timeout`
    case 'ECONNRESET':
      return failure.message === 'aborted' || failure.message === 'socket hang up'
        ? 'unexpected EOF'
        : `read tcp ${dialled}: connection reset by peer`
    case 'EPIPE':
      return `write tcp ${dialled}: broken pipe`
    case 'ERR_STREAM_PREMATURE_CLOSE':
      return 'unexpected EOF'
    case 'HPE_HEADER_OVERFLOW':
      return 'net/http: server response headers exceeded the limit; aborted'
    default:
      return code.startsWith('HPE_')
        ? `net/http: malformed HTTP response: ${failure.reason ?? failure.message}`
        : failure.message
  }
}

function tlsWords(failure: SystemError, code: string, host: string): string | undefined {
  const unverified = 'tls: failed to verify certificate: x509:'
  if (notTls.has(code) || /wrong version number|packet length too long/i.test(failure.message))
    return notTlsMessage
  if (unknownAuthority.has(code)) return `${unverified} certificate signed by unknown authority`
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return `${unverified} certificate has expired or is not yet valid`
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `${unverified} ${nameMismatch(failure, host)}`
  const alert = /\balert ([a-z ]+)/.exec(failure.reason ?? '')?.[1]
  if (alert !== undefined) return `remote error: tls: ${alert}`
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_') || code.startsWith('CERT_'))
    return `tls: ${failure.reason ?? failure.message}`
  return undefined
}

function nameMismatch({ cert }: SystemError, host: string): string {
  const names = (cert?.subjectaltname ?? '').split(', ').filter((name) => name !== '')
  if (isIP(host)) {
    const addresses = namesOf(names, 'IP Address:')
    return addresses.length === 0
      ? `cannot validate certificate for ${host} because it doesn't contain any IP SANs`
      : `certificate is valid for ${addresses.join(', ')}, not ${host}`
  }
  const hosts = namesOf(names, 'DNS:')
  return hosts.length === 0
    ? `certificate is not valid for any names, but wanted to match ${host}`
    : `certificate is valid for ${hosts.join(', ')}, not ${host}`
}

function namesOf(names: readonly string[], prefix: string): string[] {
  return names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length))
}

const bracketed = (address: string): string => (isIP(address) === 6 ? `[${address}]` : address)
