/** A connection inside of a call: what travels on it are the bytes of its messages. */
import { Duplex } from 'node:stream'

interface Piece {
  data: Uint8Array
}

/** Either side of a call. */
export interface CallOfPieces {
  messages(): AsyncGenerator<Piece>
  send(piece: Piece): Promise<void>
  /** Aborted when the call ends. */
  signal: AbortSignal
}

/** Destroying it does not end the call; the end of the call destroys it. */
export function connectionIn(call: CallOfPieces): Duplex {
  const { signal } = call
  const source = call.messages()
  const next = async (): Promise<Uint8Array | null> => {
    for (;;) {
      const { done, value } = await source.next()
      if (done) return null
      if (value.data.length > 0) return value.data
    }
  }
  const connection = new Duplex({
    read() {
      next().then(
        (data) => this.push(data),
        (error) => this.destroy(error),
      )
    },
    write(data: Buffer, _encoding, done) {
      call.send({ data }).then(() => done(), done)
    },
  })
  connection.on('error', () => undefined) // who reads or writes hears of it
  if (signal.aborted) connection.destroy()
  signal.addEventListener('abort', () => connection.destroy(), { once: true })
  return connection
}
