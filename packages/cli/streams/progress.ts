/** How far a client has come in a process's output: what it must know to go on with another daemon. */
import type { Frame } from '@gantry/client'

type Counts = Record<'stdout' | 'stderr', number>

/** The header of an answer that can be gone on with, and that says where the log begins that goes with it. */
export const resumableHeader = 'gantry-resumable'

/** What it says when output cannot be read on; see `Progress`. */
const nowhere = 'none'

/** How far the output of a container has been shown, as its daemon notes it. */
export class Progress {
  /** Where in the log counting began; null where that is not known, or nothing is kept. */
  place: string | null
  /** The engine has said that nothing is missing. */
  complete = false
  /** The engine has handed our input on, to its end. */
  inputDelivered = false
  /** What was shown of each stream since the place, in bytes. */
  #shown: Counts = { stdout: 0, stderr: 0 }
  /** What comes again of it, and is not to be shown again. */
  #again: Counts = { stdout: 0, stderr: 0 }

  /** `place` as the header of the answer tells it. */
  constructor(place: string | undefined) {
    this.place = known(place)
  }

  /** What is to be shown of a frame; a note is taken. */
  take({ stream, data }: Frame): Buffer {
    if (stream === 'note') {
      this.#takeNote(data.toString('latin1'))
      return data.subarray(data.length)
    }
    const fresh = data.subarray(Math.min(this.#again[stream], data.length))
    this.#again[stream] -= data.length - fresh.length
    this.#shown[stream] += fresh.length
    return fresh
  }

  /** The output comes again from the place on. */
  startAgain(): void {
    this.#again = { ...this.#shown }
  }

  /** The output goes on from another place, and what was before is over. */
  goOnAt(place: string | undefined): void {
    this.place = known(place)
    this.#shown = { stdout: 0, stderr: 0 }
    this.#again = { stdout: 0, stderr: 0 }
  }

  #takeNote(text: string): void {
    const place = /^position (\S+)$/.exec(text)?.[1]
    if (place !== undefined) {
      this.place = place
      // What comes still of what was shown lies behind the new place.
      this.#shown = { ...this.#again }
    } else if (text === 'end') this.complete = true
    else if (text === 'input ended') this.inputDelivered = true
  }
}

function known(place: string | undefined): string | null {
  return place === undefined || place === nowhere ? null : place
}
