import { GantryError } from '@gantry/errors'
import type { LogEntry, LogQuery } from '@gantry/runtime'
import type { ContainerLogs, LogOptions } from '../contracts.ts'
import type { Container } from './container.ts'
import type { ContainerDependencies } from './dependencies.ts'
import { logDetails } from './log-details.ts'
import { logPath } from './paths.ts'
import { isUp } from './state.ts'

/**
 * The container's log. `tail` counts the lines of both streams; then the wanted stream is picked, as Docker does.
 * Throws InvalidParameter when no stream is wanted, NotImplemented for a log driver that keeps nothing.
 */
export function logsOf(
  container: Container,
  options: LogOptions,
  { readLog, paths }: Pick<ContainerDependencies, 'readLog' | 'paths'>,
): ContainerLogs {
  const { stdout = false, stderr = false, ...query } = options
  if (!stdout && !stderr) {
    throw new GantryError('InvalidParameter', 'Bad parameters: you must choose at least one stream')
  }
  const path = logPath(paths.containers, container.record)
  if (!path) throw new GantryError('NotImplemented', 'configured logging driver does not support reading')
  const { config, hostConfig } = container.record
  const ended = isUp(container.record.state) ? container.ended : Promise.resolve()
  return {
    terminal: config.Tty ?? false,
    details: logDetails(config, hostConfig.LogConfig?.Config ?? {}),
    entries: picked(readLog(path, query satisfies LogQuery, ended), stdout, stderr),
  }
}

async function* picked(entries: AsyncIterable<LogEntry>, stdout: boolean, stderr: boolean) {
  for await (const entry of entries) if (entry.stream === 'stdout' ? stdout : stderr) yield entry
}
