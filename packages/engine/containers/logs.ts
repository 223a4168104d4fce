import { GantryError } from '@gantry/errors'
import type { ContainerLogs, LogOptions } from '../contracts.ts'
import type { Container } from './container.ts'
import type { ContainerDependencies } from './dependencies.ts'
import { isUp } from './state.ts'

/**
 * The container's log. Rejects with NotImplemented for a log driver that keeps nothing, with Conflict when the place to
 * start from has been rotated away or cleared.
 */
export async function logsOf(
  container: Container,
  options: LogOptions,
  { logs }: Pick<ContainerDependencies, 'logs'>,
): Promise<ContainerLogs> {
  const { record, returning } = container
  const ended = isUp(record.state) ? container.ended : Promise.resolve()
  const blocks = logs.read(record, options, ended)
  if (options.start && !(await logs.holds(record, options.start)))
    throw new GantryError('Conflict', `the log of container ${record.id} does not go back that far any more`)
  return {
    terminal: record.config.Tty ?? false,
    details: logs.details(record),
    blocks: options.start && returning ? returning.serve(blocks) : blocks,
  }
}
