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

/**
 * Has conmon open a new log file under the log's name. A second request while it has not read the first could make it throw
 * away what it wrote in between, so none is sent: false. Rejects with Conflict when conmon has ended.
 */
export async function reopenLog(controlFifo: string): Promise<boolean> {
  try {
    await using fifo = await openForWriting(controlFifo)
    if (bytesWaiting(fifo.fd) > 0) return false
    await fifo.write(`${REOPEN_LOGS_EVENT} 0 0\n`)
    return true
  } catch (error) {
    throw new GantryError('Conflict', 'container is not running', { cause: error })
  }
}

function openForWriting(fifo: string): Promise<FileHandle> {
  return open(fifo, constants.O_WRONLY | constants.O_NONBLOCK)
}
