import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { GantryError } from '@gantry/errors'

/** Resolves when a stream whose `write` gave false has room again. Rejects with Unavailable when it is closed instead. */
export async function drained(stream: Writable): Promise<void> {
  const closed = new AbortController()
  const onClose = (): void => closed.abort()
  if (stream.closed) onClose()
  else stream.once('close', onClose)
  try {
    await once(stream, 'drain', { signal: closed.signal })
  } catch {
    throw gone()
  } finally {
    stream.off('close', onClose)
  }
}

/** For a write or a read whose stream the other side has closed. */
export const gone = (): GantryError => new GantryError('Unavailable', 'the other side has closed the stream')
