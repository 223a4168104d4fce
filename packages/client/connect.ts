/** Connections to an engine, whatever lies between. */
import { connect as connectPlain, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { GantryError, messageOf } from '@gantry/errors'
import type { Endpoint } from './endpoint.ts'

/** Opens a connection. Rejects with Unavailable, in Docker's words, when nobody answers. */
export async function connect(endpoint: Endpoint): Promise<Duplex> {
  if (endpoint.kind === 'ssh') {
    const { connectSsh } = await import('./ssh.ts')
    return connectSsh(endpoint)
  }
  const socket = await openSocket(endpoint)
  if (endpoint.kind === 'tcp') socket.setNoDelay(true)
  return socket
}

async function openSocket(endpoint: Endpoint & { kind: 'unix' | 'tcp' }): Promise<Socket> {
  const secure = endpoint.kind === 'tcp' && endpoint.tls !== undefined
  const socket = endpoint.kind === 'tcp' && secure ? await openTls(endpoint) : openPlain(endpoint)
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => {
      socket.destroy()
      reject(connectError(endpoint, error))
    }
    socket.once('error', failed)
    const opened = () => {
      socket.off('error', failed)
      resolve(socket)
    }
    socket.once(secure ? 'secureConnect' : 'connect', opened)
  })
}

function openPlain(endpoint: Endpoint & { kind: 'unix' | 'tcp' }): Socket {
  return endpoint.kind === 'unix'
    ? connectPlain({ path: endpoint.path, allowHalfOpen: true })
    : connectPlain({ host: endpoint.address, port: endpoint.port, allowHalfOpen: true })
}

async function openTls(endpoint: Endpoint & { kind: 'tcp' }): Promise<Socket> {
  const { connect: connectTls } = await import('node:tls')
  const { ca, cert, key, verify } = endpoint.tls ?? { verify: true }
  // A variable, because the types of connectTls do not know of allowHalfOpen.
  const options = {
    host: endpoint.address,
    port: endpoint.port,
    servername: /^[\d.]+$|:/.test(endpoint.address) ? '' : endpoint.address,
    allowHalfOpen: true,
    rejectUnauthorized: verify,
    ALPNProtocols: ['http/1.1'],
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
  }
  return connectTls(options)
}

const unreachable = new Set([
  'ENOENT',
  'ECONNREFUSED',
  'ENOTSOCK',
  'ENOTDIR',
  'ECONNRESET',
  'FailedToOpenSocket',
])

function connectError(endpoint: Endpoint & { kind: 'unix' | 'tcp' }, error: Error): GantryError {
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
