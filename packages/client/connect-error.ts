/** Why no engine answers, in Docker's words. */
import { GantryError, messageOf } from '@gantry/errors'
import type { Endpoint } from './endpoint.ts'

const unreachable = new Set([
  'ENOENT',
  'ECONNREFUSED',
  'ENOTSOCK',
  'ENOTDIR',
  'ECONNRESET',
  'FailedToOpenSocket',
])

/** What to tell of an error of the system at `endpoint`. */
export function connectError(endpoint: Endpoint & { kind: 'unix' | 'tcp' }, error: Error): GantryError {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  if (code === 'EACCES' || code === 'EPERM') {
    const where = `permission denied while trying to connect to the Docker daemon socket at ${endpoint.host}`
    const path = endpoint.kind === 'unix' ? endpoint.path : endpoint.address
    return new GantryError('Unavailable', `${where}: dial unix ${path}: connect: permission denied`, {
      cause: error,
    })
  }
  if (unreachable.has(code)) return notRunning(endpoint.host, error)
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    const name = endpoint.kind === 'tcp' ? endpoint.address : endpoint.path
    return new GantryError('Unavailable', `error during connect: dial tcp: lookup ${name}: no such host`, {
      cause: error,
    })
  }
  return new GantryError('Unavailable', `error during connect: ${messageOf(error)}`, { cause: error })
}

/** What Go says of a connection that breaks, and Docker's CLI with it. */
const brokenWords: Record<string, string> = {
  EPIPE: 'write: broken pipe',
  ECONNRESET: 'read: connection reset by peer',
}

/** What to tell of a connection that broke before there was an answer; without an error it was closed. */
export function brokenConnection(error?: Error): GantryError {
  if (error instanceof GantryError) return error
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? ''
  const words = error === undefined ? 'EOF' : (brokenWords[code] ?? messageOf(error))
  return new GantryError('Unavailable', `error during connect: ${words}`, { cause: error })
}

/** What to tell of a connection that broke within an answer. */
export function brokenAnswer(error?: Error): Error {
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? ''
  if (error !== undefined && !(code in brokenWords)) return error
  return new GantryError('Unavailable', 'unexpected EOF', { cause: error })
}

/** Nobody listens at `host`. */
export function notRunning(host: string, cause?: unknown): GantryError {
  const message = `Cannot connect to the Docker daemon at ${host}. Is the docker daemon running?`
  return new GantryError('Unavailable', message, { cause })
}
