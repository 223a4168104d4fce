/**
 * What is left of a request's body when its answer is there already. To close a connection on which something lies unread
 * would reset it, and the client might lose the answer together with the rest of what it was going to say.
 */
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'

export interface Patience {
  bytes: number
  milliseconds: number
}

/** Before the answer: small bodies end here, and the connection is kept. As much as Go's server takes. */
export const beforeAnswer: Patience = { bytes: 256 << 10, milliseconds: 500 }
/** After it: time for the client to read the answer and give up on the rest. */
export const afterAnswer: Patience = { bytes: 64 << 20, milliseconds: 10_000 }

/**
 * Reads on and keeps nothing. Resolves when the body has ended (true), when patience or the signal has, or when the client
 * has gone (false). Never rejects.
 */
export function discardRest(
  request: IncomingMessage,
  patience: Patience,
  signal: AbortSignal,
): Promise<boolean> {
  if (request.complete || request.destroyed || signal.aborted) return Promise.resolve(request.complete)
  const { promise, resolve } = Promise.withResolvers<boolean>()
  let left = patience.bytes
  const count = (chunk: Buffer) => {
    left -= chunk.length
    if (left <= 0) done()
  }
  const done = () => {
    clearTimeout(timer)
    signal.removeEventListener('abort', done)
    request.off('data', count).off('end', done).off('close', done)
    request.pause()
    resolve(request.complete)
  }
  const timer = setTimeout(done, patience.milliseconds)
  signal.addEventListener('abort', done)
  request.on('data', count).on('end', done).on('close', done)
  request.resume()
  return promise
}

/**
 * A request's body for who may stop reading early, or destroys what it has read: the connection stays for the answer, which
 * says why. Ends with the signal, also while the client sends nothing.
 */
export function detached(body: Readable, signal: AbortSignal): Readable {
  const push = (piece: Buffer) => void (copy.push(piece) || body.pause())
  const end = () => copy.push(null)
  const fail = (error: Error) => void copy.destroy(error)
  const vanish = () => void (body.readableEnded || copy.destroy(new Error('the client has gone')))
  const abort = () => void copy.destroy(signal.reason)
  const copy = new Readable({
    read: () => void body.resume(),
    destroy(error, done) {
      body.off('data', push).off('end', end).off('error', fail).off('close', vanish).pause()
      signal.removeEventListener('abort', abort)
      done(error)
    },
  })
  copy.on('error', () => {}) // whoever reads it is told; perhaps nobody does
  body.pause().on('data', push).on('end', end).on('error', fail).on('close', vanish)
  if (signal.aborted) abort()
  else signal.addEventListener('abort', abort)
  if (body.destroyed) vanish()
  return copy
}
