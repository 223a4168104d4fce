/** Numbers for what is shown of a build, in the order in which it begins: steps of the Dockerfile and work around them. */
import type { BuildEvent } from '@gantry/build'
import { messageOf } from '@gantry/errors'

/** Work that is no step of the Dockerfile: `[internal] load build context`. */
export type Internal = <T>(
  name: string,
  work: (progress: (what: string, bytes: number) => void) => Promise<T>,
) => Promise<T>

export class StepNumbers {
  readonly #numbers = new Map<number, number>()
  #lastInternal = 0

  /** The event with its number in place of its id. */
  numbered(event: BuildEvent): BuildEvent {
    if (!('id' in event) || typeof event.id !== 'number') return event
    const number = this.#numbers.get(event.id) ?? this.#numbers.size + 1
    this.#numbers.set(event.id, number)
    return { ...event, id: number } as BuildEvent
  }

  /** Runs work, told as a step. */
  internal(hear: (event: BuildEvent) => void): Internal {
    return async (name, work) => {
      // Ids of the Dockerfile's steps are positive.
      const id = --this.#lastInternal
      hear({ type: 'step', id, name, started: new Date() })
      try {
        const result = await work((what, bytes) =>
          hear({ type: 'progress', id, what, current: bytes, total: 0 }),
        )
        hear({ type: 'end', id, cached: false })
        return result
      } catch (error) {
        hear({ type: 'end', id, cached: false, error: messageOf(error) })
        throw error
      }
    }
  }
}
