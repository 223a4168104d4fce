/** A connection that has left HTTP and carries the stdio of a process. */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex, Writable } from 'node:stream'
import type { AttachSession, OutputFrame } from '@gantry/engine'
import { frameHeader, rawStream } from './frames.ts'
import { destroyOnHangup } from './hangup.ts'
import { note, resumableHeader } from './notes.ts'
import type { HijackReply } from './reply.ts'

/** How long a client may take to close its side once the process's output is at its end. */
const lingerMilliseconds = 5_000

/** The status line and headers that turn a connection into a stream, with and without the client asking for an upgrade. */
export function hijackHead(upgrade: boolean, { contentType, resumable }: HijackReply): string {
  if (!upgrade) return `HTTP/1.1 200 OK\r\nContent-Type: ${rawStream}\r\n\r\n`
  const own = resumable === undefined ? '' : `${resumableHeader}: ${resumable}\r\n`
  return `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${contentType}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n${own}\r\n`
}

/** The same for a connection that goes on in another protocol. */
export function switchingHead(protocol: string): string {
  return `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`
}

/**
 * Takes a connection away from Node's HTTP server after a request that did not ask for an upgrade, as clients of old do:
 * what the client sends from now on is not another request.
 */
export function detachFromHttp(request: IncomingMessage, response: ServerResponse): Duplex {
  const socket = request.socket
  response.detachSocket(socket)
  for (const event of ['data', 'end', 'close', 'drain', 'error', 'timeout', 'resume', 'pause'])
    socket.removeAllListeners(event)
  socket.setTimeout(0)
  return socket
}

/**
 * Carries bytes between the client and the session until the output ends, the client goes or `signal` fires.
 * Never rejects: a broken connection is an ordinary end. The session is closed afterwards. With `notes` the client is told
 * when its input has been handed on and that the output is complete.
 */
export async function carry(
  socket: Duplex,
  session: AttachSession,
  signal: AbortSignal,
  notes = false,
): Promise<void> {
  const stop = (): void => {
    session.close()
    socket.destroy()
  }
  socket.on('error', () => socket.destroy())
  socket.once('close', () => session.close())
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
  try {
    carryInput(socket, session)
    if (notes) session.stdin?.once('finish', () => socket.writable && socket.write(note('input ended')))
    await carryOutput(session, socket)
    if (notes && !signal.aborted) socket.write(note('end'))
    await finish(socket)
  } catch {
    socket.destroy()
  } finally {
    signal.removeEventListener('abort', stop)
    await session[Symbol.asyncDispose]()
  }
}

function carryInput(socket: Duplex, session: AttachSession): void {
  destroyOnHangup(socket)
  const { stdin } = session
  if (!stdin) {
    socket.resume()
    return
  }
  // A process that no longer reads must not hold up the rest of what the client sends.
  stdin.on('error', () => {
    socket.unpipe(stdin)
    socket.resume()
  })
  socket.pipe(stdin)
}

async function carryOutput(session: AttachSession, socket: Duplex): Promise<void> {
  for await (const item of session.output) {
    const frame = item as OutputFrame
    if (socket.destroyed) return
    if (!writeFrame(socket, frame, session.terminal)) await drained(socket)
  }
}

function writeFrame(socket: Duplex, frame: OutputFrame, terminal: boolean): boolean {
  if (terminal) return socket.write(frame.data)
  socket.cork()
  socket.write(frameHeader(frame.stream, frame.data.length))
  const room = socket.write(frame.data)
  socket.uncork()
  return room
}

/** Resolves when there is room again, or when there will never be. */
export async function drained(sink: Writable | Duplex): Promise<void> {
  if (sink.destroyed || !sink.writableNeedDrain) return
  const gone = new AbortController()
  const close = (): void => gone.abort()
  sink.once('close', close)
  try {
    await once(sink, 'drain', { signal: gone.signal })
  } catch (error) {
    if (!gone.signal.aborted) throw error
  } finally {
    sink.off('close', close)
  }
}

/** Ends our side and gives the client time to close its own, so that it never sees a reset instead of the last bytes. */
async function finish(socket: Duplex): Promise<void> {
  if (socket.destroyed) return
  socket.end()
  socket.resume()
  const timer = setTimeout(() => socket.destroy(), lingerMilliseconds)
  await once(socket, 'close')
  clearTimeout(timer)
}
