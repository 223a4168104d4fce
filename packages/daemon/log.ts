/** The daemon's own log: one line a message, for people (`text`) or for collectors (`json`). */

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
export type LogFormat = 'text' | 'json'
export type LogFields = Readonly<Record<string, unknown>>

export const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

export interface LeveledLogger extends Logger {
  level: LogLevel
}

/** `write` takes one whole line with its newline. The level may be changed at any time. */
export function createLogger(
  options: { level: LogLevel; format: LogFormat },
  write: (line: string) => void,
): LeveledLogger {
  const format = options.format === 'json' ? formatJson : formatText
  const log = (level: LogLevel) => (message: string, fields?: LogFields) => {
    if (logLevels.indexOf(level) < logLevels.indexOf(logger.level)) return
    write(format(new Date(), level, message, fields ?? {}))
  }
  const logger: LeveledLogger = {
    level: options.level,
    debug: log('debug'),
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
  }
  return logger
}

function formatText(time: Date, level: LogLevel, message: string, fields: LogFields): string {
  const pairs = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${quote(textOf(value))}`)
  return `time=${time.toISOString()} level=${level} msg=${JSON.stringify(message)}${pairs.join('')}\n`
}

function formatJson(time: Date, level: LogLevel, message: string, fields: LogFields): string {
  return `${JSON.stringify({ time: time.toISOString(), level, msg: message, ...fields })}\n`
}

function textOf(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** Control characters never reach the log as they are: a name cannot forge a line. */
function quote(text: string): string {
  return /^[\w.:/@+,[\]-]+$/.test(text) ? text : JSON.stringify(text)
}
