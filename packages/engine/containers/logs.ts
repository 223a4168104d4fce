import type { ContainerLogs, LogOptions } from '../contracts.ts'
import type { Container } from './container.ts'
import type { ContainerDependencies } from './dependencies.ts'
import { isUp } from './state.ts'

/** The container's log. Throws NotImplemented for a log driver that keeps nothing. */
export function logsOf(
  container: Container,
  options: LogOptions,
  { logs }: Pick<ContainerDependencies, 'logs'>,
): ContainerLogs {
  const { record } = container
  const ended = isUp(record.state) ? container.ended : Promise.resolve()
  return {
    terminal: record.config.Tty ?? false,
    details: logs.details(record),
    blocks: logs.read(record, options, ended),
  }
}
