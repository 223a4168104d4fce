import type { BuildEvent } from '@gantry/build'

/** The events of a build for a client that shows the last words of a step that fails, and nothing else. */
export class QuietEvents {
  /** Steps that have said nothing so far, by their ids. */
  readonly #silent = new Map<number, BuildEvent>()

  /** What the client is told when this happens: of a step, only once it says something or fails. */
  told(event: BuildEvent): BuildEvent[] {
    switch (event.type) {
      case 'step':
        this.#silent.set(event.id, event)
        return []
      case 'progress':
        return []
      case 'log':
        return this.#withStep(event)
      case 'end':
        if (event.error !== undefined || !this.#silent.has(event.id)) return this.#withStep(event)
        this.#silent.delete(event.id)
        return []
      default:
        return [event]
    }
  }

  #withStep(event: BuildEvent & { id: number }): BuildEvent[] {
    const step = this.#silent.get(event.id)
    this.#silent.delete(event.id)
    return step ? [step, event] : [event]
  }
}
