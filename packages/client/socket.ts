/** Sockets of Node.js to an engine, plain or with TLS. */
import { connect as connectPlain, type Socket } from 'node:net'
import { connectError } from './connect-error.ts'
import type { Endpoint } from './endpoint.ts'

/** Opens a socket. Rejects with Unavailable, in Docker's words, when nobody answers. */
export async function connectSocket(endpoint: Endpoint & { kind: 'unix' | 'tcp' }): Promise<Socket> {
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
      if (endpoint.kind === 'tcp') socket.setNoDelay(true)
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
