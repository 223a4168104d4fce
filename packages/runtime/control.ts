/** conmon's control fifo. */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { GantryError } from '@gantry/errors'
import { bytesWaiting } from '@gantry/syscall'
import type { ConsoleSize } from './contracts.ts'

/** Message types of conmon's `ctl` fifo. */
const WIN_RESIZE_EVENT = 1
const REOPEN_LOGS_EVENT = 2
/** conmon refuses more. */
const maximumCells = 1000

/** Sets the size of the terminal that conmon holds. Rejects with Conflict when conmon has ended. */
export async function resizeTerminal(controlFifo: string, { rows, columns }: ConsoleSize): Promise<void> {
  const message = `${WIN_RESIZE_EVENT} ${Math.min(rows, maximumCells)} ${Math.min(columns, maximumCells)}\n`
  try {
    await using fifo = await openForWriting(controlFifo)
    await fifo.write(message)
  } catch (error) {
    // ENXIO: nobody reads, conmon has ended. EAGAIN: it is held back by a client; the next size will do.
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return
    throw new GantryError('Conflict', 'container is not running', { cause: error })
  }
}

/** How long conmon may be at a request after it has read it, in milliseconds. */
const underWay = 1000

/** Has one conmon go on with new log files. */
export class LogReopener {
  readonly #fifo: string
  /** When a request was last seen that conmon had not read. */
  #lastWaiting = Number.NEGATIVE_INFINITY

  constructor(controlFifo: string) {
    this.#fifo = controlFifo
  }

  /**
   * Has conmon open a new log file under the log's name. A second request while it is at the first would make it throw away
   * what it wrote in between, so none is sent while one waits, nor soon after one was seen: false. Rejects with Conflict
   * when conmon has ended.
   */
  async ask(): Promise<boolean> {
    try {
      await using fifo = await openForWriting(this.#fifo)
      const now = performance.now()
      if (bytesWaiting(fifo.fd) > 0) this.#lastWaiting = now
      if (now - this.#lastWaiting < underWay) return false
      await fifo.write(`${REOPEN_LOGS_EVENT} 0 0\n`)
      return true
    } catch (error) {
      throw new GantryError('Conflict', 'container is not running', { cause: error })
    }
  }
}

function openForWriting(fifo: string): Promise<FileHandle> {
  return open(fifo, constants.O_WRONLY | constants.O_NONBLOCK)
}
