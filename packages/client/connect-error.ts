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

/** Nobody listens at `host`. */
export function notRunning(host: string, cause?: unknown): GantryError {
  const message = `Cannot connect to the Docker daemon at ${host}. Is the docker daemon running?`
  return new GantryError('Unavailable', message, { cause })
}
