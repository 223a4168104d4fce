/** A connection that has become a WebSocket (RFC 6455) and carries the stdio of a process. */
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { AttachSession, OutputFrame } from '@gantry/engine'
import type { WebSocket } from 'ws'
import type { WebSocketReply } from './reply.ts'

/** Longest message that is taken: what a client types or pastes. */
const maximumMessage = 1 << 20
/** How long a client may take to answer our closing of the connection. */
const closeTimeout = 5_000

/**
 * Shakes hands and carries bytes until the output ends, the client goes or `signal` fires. A request that is no proper
 * handshake is answered with an error status. Never rejects; the session is closed afterwards.
 */
export async function serveWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  { session, binary }: WebSocketReply,
  signal: AbortSignal,
): Promise<void> {
  try {
    const client = await shakeHands(request, socket)
    if (client) await carry(client, session, binary, signal)
  } finally {
    await session[Symbol.asyncDispose]()
  }
}

/** Null when the client did not keep to the protocol: it has been told so. */
async function shakeHands(request: IncomingMessage, socket: Duplex): Promise<WebSocket | null> {
  // Few daemons ever need it.
  const { WebSocketServer } = await import('ws')
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maximumMessage,
  })
  return await new Promise((resolve) => {
    // It may have gone meanwhile, and would not say so again.
    if (socket.destroyed) return resolve(null)
    socket.once('close', () => resolve(null))
    server.handleUpgrade(request, socket, Buffer.alloc(0), resolve)
  })
}

async function carry(
  client: WebSocket,
  session: AttachSession,
  binary: boolean,
  signal: AbortSignal,
): Promise<void> {
  const stop = (): void => {
    session.close()
    client.terminate()
  }
  client.on('error', () => client.terminate())
  client.once('close', () => session.close())
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
  carryInput(client, session)
  try {
    for await (const item of session.output) {
      if (client.readyState !== client.OPEN) break
      await send(client, (item as OutputFrame).data, binary)
    }
  } catch {
    // The client has gone: an ordinary end.
  }
  signal.removeEventListener('abort', stop)
  await close(client)
}

function carryInput(client: WebSocket, session: AttachSession): void {
  const { stdin } = session
  stdin?.on('error', () => {})
  stdin?.on('drain', () => client.resume())
  client.on('message', (data: Buffer) => {
    if (stdin && !stdin.write(data)) client.pause()
  })
  client.once('close', () => stdin?.end())
}

/** Resolves when the bytes are on their way; rejects when the client has gone. */
function send(client: WebSocket, data: Buffer, binary: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    client.send(data, { binary }, (error) => (error ? reject(error) : resolve()))
  })
}

async function close(client: WebSocket): Promise<void> {
  if (client.readyState === client.CLOSED) return
  client.resume()
  client.close(1000)
  const timer = setTimeout(() => client.terminate(), closeTimeout)
  await once(client, 'close')
  clearTimeout(timer)
}
