/** The log drivers by name. */
import type { RotationLimits } from '@gantry/runtime'
import { logDetails } from './details.ts'
import { jsonFileLimits, type LogOptionValues, localLimits } from './limits.ts'
import { boolean, invalid, memorySize } from './option-values.ts'
import type { LogInfo } from './tag.ts'

/** What a driver is, beside the file that conmon writes for all of them. */
export interface LogDriver {
  /** Throws InvalidParameter, in Docker's words, for options that it does not know or cannot use. */
  check(options: LogOptionValues): void
  /** How much of the file is kept. Throws InvalidParameter. */
  limits(options: LogOptionValues): RotationLimits
}

export interface LogConfig {
  driver: string
  options: LogOptionValues
}

const attributes = ['labels', 'labels-regex', 'env', 'env-regex', 'tag']

const jsonFile: LogDriver = {
  check: knowing(
    ['max-file', 'max-size', 'compress', ...attributes],
    (name) => `unknown log opt '${name}' for json-file log driver`,
  ),
  limits: jsonFileLimits,
}

const local: LogDriver = {
  check: knowing(
    ['max-file', 'max-size', 'compress', ...attributes],
    (name) => `unknown log opt '${name}' for log driver local`,
  ),
  limits: localLimits,
}

/** Keeps nothing. */
const none: LogDriver = {
  check: () => {},
  limits: () => localLimits({}),
}

const drivers: Readonly<Record<string, LogDriver>> = { 'json-file': jsonFile, local, none }

export const logDriverNames: readonly string[] = Object.keys(drivers)

function knowing(names: readonly string[], complaint: (name: string) => string) {
  return (options: LogOptionValues): void => {
    const unknown = Object.keys(options).find((name) => !names.includes(name))
    if (unknown !== undefined) throw invalid(complaint(unknown))
  }
}

/** Throws InvalidParameter for a driver that is not known. */
export function driverOf(name: string): LogDriver {
  const driver = Object.hasOwn(drivers, name) ? drivers[name] : undefined
  if (driver) return driver
  throw invalid(`error looking up logging plugin ${name}: plugin ${JSON.stringify(name)} not found`)
}

/** Options that every driver has: how lines are handed on, and the copy that is kept for `logs`. */
const common = new Set([
  ...['mode', 'max-buffer-size', 'cache-disabled', 'cache-max-size', 'cache-max-file', 'cache-compress'],
  ...attributes.map((name) => `cache-${name}`),
])

/**
 * Judges a container's log configuration, or the daemon's. Throws InvalidParameter in Docker's words; what Docker only finds
 * out at the start is found out here too, and said as there.
 */
export function checkLogConfig({ driver: name, options }: LogConfig, info: LogInfo): void {
  const driver = driverOf(name)
  if (driver === none) return
  checkMode(options)
  driver.check(Object.fromEntries(Object.entries(options).filter(([option]) => !common.has(option))))
  try {
    driver.limits(options)
    logDetails(info, options)
  } catch (error) {
    throw invalid(`failed to initialize logging driver: ${(error as Error).message}`, error)
  }
}

function checkMode(options: LogOptionValues): void {
  const { mode = '', 'max-buffer-size': buffer, 'cache-disabled': disabled = '' } = options
  if (!['', 'blocking', 'non-blocking'].includes(mode))
    throw invalid(`logger: logging mode not supported: ${mode}`)
  if (buffer !== undefined && mode !== 'non-blocking')
    throw invalid("logger: max-buffer-size option is only supported with 'mode=non-blocking'")
  try {
    if (buffer !== undefined) memorySize(buffer)
  } catch (error) {
    throw invalid(`error parsing option max-buffer-size: ${(error as Error).message}`, error)
  }
  try {
    if (disabled !== '') boolean(disabled)
  } catch (error) {
    throw invalid(`invalid value for option cache-disabled: ${disabled}`, error)
  }
}
