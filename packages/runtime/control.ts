/** conmon's control fifo. */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { GantryError } from '@gantry/errors'
import type { ConsoleSize } from './contracts.ts'

/** Message type of conmon's `ctl` fifo. */
const WIN_RESIZE_EVENT = 1
/** conmon refuses more. */
const maximumCells = 1000

/** Sets the size of the terminal that conmon holds. Rejects with Conflict when conmon has ended. */
export async function resizeTerminal(controlFifo: string, { rows, columns }: ConsoleSize): Promise<void> {
  const message = `${WIN_RESIZE_EVENT} ${Math.min(rows, maximumCells)} ${Math.min(columns, maximumCells)}\n`
  try {
    await using fifo = await open(controlFifo, constants.O_WRONLY | constants.O_NONBLOCK)
    await fifo.write(message)
  } catch (error) {
    // ENXIO: nobody reads, conmon has ended. EAGAIN: it is held back by a client; the next size will do.
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return
    throw new GantryError('Conflict', 'container is not running', { cause: error })
  }
}
