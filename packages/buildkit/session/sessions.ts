/** The sessions that clients hold open. */
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { GantryError } from '@gantry/errors'
import { CallerSession, type SessionDescription } from './caller.ts'

/** How long a build waits for its client's session, in milliseconds: the two requests come side by side. */
const patience = 5_000

/** How long a session that nobody wants is known, in milliseconds, and how many of them. */
const memory = 30_000
const mostUnwanted = 1000

/** How long a client may take to hear that its session is over, in milliseconds. */
const courtesy = 2_000

const longestText = 1024

export class Sessions {
  readonly #sessions = new Map<string, CallerSession>()
  readonly #unwanted = new Set<string>()
  readonly #waiting = new Set<{ id: string; found(session: CallerSession): void }>()

  /** Throws for a description that no client of good will sends, and for an id that is taken. */
  check({ id, name, sharedKey }: SessionDescription): void {
    if (!/^[\x21-\x7e]+$/.test(id) || [id, name, sharedKey].some(({ length }) => length > longestText))
      throw new GantryError('InvalidParameter', 'invalid session')
    if (this.#sessions.has(id)) throw new GantryError('Conflict', `session ${id} already exists`)
  }

  /** Keeps a session on a connection that has been taken over, until either side closes it. */
  async hold(description: SessionDescription, connection: Duplex, signal: AbortSignal): Promise<void> {
    this.check(description)
    if (this.#unwanted.has(description.id)) return leave(connection)
    const session = new CallerSession(description, connection)
    const close = (): void => session.close()
    signal.addEventListener('abort', close, { once: true })
    this.#sessions.set(description.id, session)
    for (const waiting of this.#waiting) if (waiting.id === description.id) waiting.found(session)
    try {
      if (signal.aborted) close()
      if (!session.closed.aborted) await once(session.closed, 'abort')
    } finally {
      signal.removeEventListener('abort', close)
      this.#sessions.delete(description.id)
      connection.destroy()
    }
  }

  /**
   * Closes a session whose build was refused, also one that only comes a moment later: a client may hear of the refusal
   * before it has opened it, and would then hold it for ever.
   */
  dismiss(id: string): void {
    this.#sessions.get(id)?.close()
    // The oldest has most likely come already, or never will.
    const [oldest] = this.#unwanted
    if (this.#unwanted.size >= mostUnwanted && oldest !== undefined) this.#unwanted.delete(oldest)
    this.#unwanted.add(id)
    setTimeout(() => this.#unwanted.delete(id), memory).unref()
  }

  /** The session of that id; waits a moment for it. Rejects with NotFound. */
  async get(id: string, signal: AbortSignal): Promise<CallerSession> {
    const known = this.#sessions.get(id)
    if (known) return known
    const { promise, resolve, reject } = Promise.withResolvers<CallerSession>()
    const waiting = { id, found: resolve }
    const give = (): void => reject(new GantryError('NotFound', `no active session for ${id}`))
    const timer = setTimeout(give, signal.aborted ? 0 : patience)
    signal.addEventListener('abort', give, { once: true })
    this.#waiting.add(waiting)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', give)
      this.#waiting.delete(waiting)
    }
  }
}

/** Ends a connection, so that all that was written arrives. */
async function leave(connection: Duplex): Promise<void> {
  connection.on('error', () => undefined)
  connection.resume().end()
  await once(connection, 'close', { signal: AbortSignal.timeout(courtesy) }).catch(() => undefined)
  connection.destroy()
}
