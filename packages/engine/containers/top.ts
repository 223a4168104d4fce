import { GantryError } from '@gantry/errors'
import type { Container } from './container.ts'
import { readProcesses } from './processes.ts'
import { formatProcesses } from './ps.ts'
import { isUp, notRunning } from './state.ts'

/**
 * The container's processes as the host's /proc shows them; no program of the image is run. `psArguments` as of ps(1),
 * `-ef` when empty. Throws Conflict for a container that does not run, System `ps: exit status 1` for other arguments.
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
  const table = formatProcesses(psArguments.trim() || '-ef')
  const processes = await readProcesses(await container.task.processes())
  return { titles: table.titles, processes: processes.map(table.row) }
}
