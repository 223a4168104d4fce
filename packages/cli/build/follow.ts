import type { JsonMessage } from '../format/json-messages.ts'
import { failureOf } from './failure.ts'
import type { GivenOut } from './given-out.ts'
import type { BuildDisplay, BuildEvent, BuildWarning } from './progress.ts'
import type { BuildSummary } from './result.ts'

export interface BuildActions {
  /** Gives the user a shell in the file system of the step that failed. */
  debug(shell: string): Promise<void>
  receive(given: GivenOut): Promise<void>
}

/** A build as the engine tells of it. */
export class FollowedBuild {
  readonly warnings: BuildWarning[] = []
  summary: BuildSummary = { names: [] }
  readonly #display: BuildDisplay
  readonly #actions: BuildActions
  /** From then on the terminal is the shell's. */
  #debugged = false
  #hasResult = false

  constructor(display: BuildDisplay, actions: BuildActions) {
    this.#display = display
    this.#actions = actions
  }

  /**
   * Shows what happens, and does what it takes, to the end. Rejects with the build's failure, its last words shown; also of
   * one that `isToHaveResult` and ends without.
   */
  async follow(messages: AsyncIterable<JsonMessage>, isToHaveResult: boolean): Promise<void> {
    try {
      for await (const message of messages) await this.#take(message)
      if (isToHaveResult && !this.#hasResult && !this.#debugged)
        throw new Error('the engine ended the build without a result')
      this.#display.close()
    } catch (error) {
      if (!this.#debugged) this.#closeFailed()
      throw error
    }
  }

  async #take(message: JsonMessage): Promise<void> {
    const failure = failureOf(message)
    if (failure) throw failure
    switch (message.id) {
      case 'gantry.build':
        this.#show(message.aux as BuildEvent)
        break
      case 'gantry.debug':
        if (!this.#debugged) await this.#debug((message.aux as { shell: string }).shell)
        break
      case 'gantry.export':
        await this.#actions.receive(message.aux as GivenOut)
        break
      case 'gantry.result':
        this.summary = message.aux as BuildSummary
        this.#hasResult = true
    }
  }

  #show(event: BuildEvent): void {
    if (event.type === 'warning') this.warnings.push(event)
    if (!this.#debugged) this.#display.show(event)
  }

  async #debug(shell: string): Promise<void> {
    this.#closeFailed()
    this.#debugged = true
    await this.#actions.debug(shell)
  }

  #closeFailed(): void {
    this.#display.close()
    this.#display.report()
  }
}
