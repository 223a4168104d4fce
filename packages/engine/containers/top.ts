import { GantryError } from '@gantry/errors'
import type { Container } from './container.ts'
import { processTable } from './ps/table.ts'
import { isUp, notRunning } from './state.ts'

/**
 * The container's processes as the host's /proc shows them; no program of the image is run. `psArguments` as of ps(1),
 * `-ef` when empty. Throws Conflict for a container that does not run, System for arguments that ps would not take or that
 * do not show the pid.
 */
export async function top(
  container: Container,
  psArguments: string,
): Promise<{ titles: string[]; processes: string[][] }> {
  const { state } = container.record
  if (state.status === 'restarting') {
    const message = `Container ${container.id} is restarting, wait until the container is running`
    throw new GantryError('Conflict', message)
  }
  if (!isUp(state) || !container.task) throw notRunning(container.id)
  return await processTable(psArguments.trim() || '-ef', await container.task.processes())
}
