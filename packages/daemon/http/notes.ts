/**
 * What our own client is told so that it can go on with another daemon. It asks with `resumable=1`; the answer's header
 * says where in the container's log the output begins (`none` where it is not kept), and notes stand among the frames of
 * what is no terminal, as frames of a stream of their own:
 *
 * - `position <place>`: all of the log up to there has been sent; with `start=<place>` a request reads on.
 * - `input ended`: the client's input has been handed on to its end.
 * - `end`: the output is complete. A stream that ends without it has lost its daemon.
 */
import { GantryError } from '@gantry/errors'
import type { LogPlace } from '@gantry/runtime'

export const resumableHeader = 'Gantry-Resumable'

/** Docker's streams are 0 to 3. */
const notesStream = 4

/** A note as a frame. */
export function note(text: string): Buffer {
  const frame = Buffer.alloc(8 + text.length)
  frame[0] = notesStream
  frame.writeUInt32BE(text.length, 4)
  frame.write(text, 8, 'latin1')
  return frame
}

/** `<file number>.<offset>`, or `none`. */
export function placeText(place: LogPlace | null): string {
  return place ? `${place.number}.${place.offset}` : 'none'
}

/** Undefined for nothing. Throws InvalidParameter for what is no place. */
export function placeOf(text: string): LogPlace | undefined {
  if (text === '') return undefined
  const match = /^([1-9]\d{0,14})\.(\d{1,15})$/.exec(text)
  if (!match) throw new GantryError('InvalidParameter', `invalid place in a log: ${JSON.stringify(text)}`)
  return { number: Number(match[1]), offset: Number(match[2]) }
}
