/** Connections to an engine, whatever lies between. */
import type { Duplex } from 'node:stream'
import { bun } from './bun.ts'
import { connectBun } from './bun-stream.ts'
import type { ByteStream } from './byte-stream.ts'
import { connectError } from './connect-error.ts'
import type { Endpoint } from './endpoint.ts'

/** Opens a connection for calls. Rejects with Unavailable, in Docker's words, when nobody answers. */
export async function connect(endpoint: Endpoint): Promise<ByteStream> {
  if (bun === null || endpoint.kind === 'ssh' || (endpoint.kind === 'tcp' && endpoint.tls))
    return await connectNode(endpoint)
  const address =
    endpoint.kind === 'unix' ? { unix: endpoint.path } : { hostname: endpoint.address, port: endpoint.port }
  try {
    return await connectBun(bun.connect, address)
  } catch (error) {
    throw connectError(endpoint, error as Error)
  }
}

/** Opens a connection that can be taken over. Rejects as `connect` does. */
export async function connectNode(endpoint: Endpoint): Promise<ByteStream> {
  const { NodeStream } = await import('./node-stream.ts')
  return new NodeStream(await dial(endpoint))
}

/** Opens a bare connection. Rejects as `connect` does. */
export async function dial(endpoint: Endpoint): Promise<Duplex> {
  if (endpoint.kind === 'ssh') {
    const { connectSsh } = await import('./ssh.ts')
    return connectSsh(endpoint)
  }
  const { connectSocket } = await import('./socket.ts')
  return connectSocket(endpoint)
}
