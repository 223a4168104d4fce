/** Shells in what failed steps have left, with all that the steps had: each for one client, as long as its build waits. */
import { randomBytes } from 'node:crypto'
import { GantryError } from '@gantry/errors'
import type { Attachment, ConsoleSize, Task } from '@gantry/runtime'
import { StdioSession } from '../../containers/stdio-session.ts'
import type { AttachSession } from '../../contracts.ts'

/** How long a shell is on offer, in milliseconds: its client has been told, and comes at once or not at all. */
const patience = 60_000
const killSignal = 9

interface Offer {
  /** Whoever comes for it. */
  client: PromiseWithResolvers<PromiseWithResolvers<AttachSession> | null>
  taken: boolean
  task: Task | null
}

export class StepShells {
  readonly #offers = new Map<string, Offer>()

  /**
   * Tells the name of a shell, whose task `make` makes when its client comes. Resolves when it has ended, nobody has come
   * for it, or `signal` is aborted; never rejects: what goes wrong the client hears.
   */
  async offer(make: () => Promise<Task>, tell: (id: string) => void, signal: AbortSignal): Promise<void> {
    const id = randomBytes(16).toString('hex')
    const offer: Offer = { client: Promise.withResolvers(), taken: false, task: null }
    this.#offers.set(id, offer)
    const over = AbortSignal.any([signal, AbortSignal.timeout(patience)])
    const leave = (): void => offer.client.resolve(null)
    over.addEventListener('abort', leave, { once: true })
    try {
      if (over.aborted) return
      tell(id)
      const client = await offer.client.promise
      if (client) await this.#run(offer, make, client, signal)
    } finally {
      over.removeEventListener('abort', leave)
      this.#offers.delete(id)
    }
  }

  async #run(
    offer: Offer,
    make: () => Promise<Task>,
    client: PromiseWithResolvers<AttachSession>,
    signal: AbortSignal,
  ): Promise<void> {
    let task: Task
    try {
      task = await make()
    } catch (error) {
      client.reject(error)
      return
    }
    offer.task = task
    const kill = (): void => void task.kill(killSignal, { all: true }).catch(() => undefined)
    signal.addEventListener('abort', kill, { once: true })
    try {
      const attachment = await task.attach({ stdin: true })
      await task.start()
      if (signal.aborted) kill()
      client.resolve(sessionOf(attachment, task.exit, kill))
      await task.exit
    } catch (error) {
      client.reject(error)
      kill()
      await task.exit
    } finally {
      signal.removeEventListener('abort', kill)
      await task.delete()
    }
  }

  /** Starts the shell and joins its terminal; when the client goes, the shell is ended. Rejects with NotFound and Conflict. */
  join(id: string): Promise<AttachSession> {
    const offer = this.#find(id)
    if (offer.taken) throw new GantryError('Conflict', `shell ${id} has been joined already`)
    offer.taken = true
    const client = Promise.withResolvers<AttachSession>()
    offer.client.resolve(client)
    return client.promise
  }

  async resize(id: string, size: ConsoleSize): Promise<void> {
    await this.#find(id).task?.resize(size)
  }

  #find(id: string): Offer {
    const offer = this.#offers.get(id)
    if (!offer) throw new GantryError('NotFound', `no such shell of a build: ${id}`)
    return offer
  }
}

function sessionOf(attachment: Attachment, ended: Promise<unknown>, kill: () => void): AttachSession {
  const session = new StdioSession({
    terminal: true,
    stdin: true,
    stdout: true,
    stderr: true,
    detachKeys: null,
    ended,
    onDetach: () => undefined,
    onClose: kill,
  })
  const { output, stdin } = attachment
  session.connect({ output, stdin, close: () => attachment.close() })
  return session
}
