/** The log drivers by name. */
import type { RotationLimits } from '@gantry/runtime'
import { extraAttributes, logDetails } from './details.ts'
import type { Destination } from './forward/destination.ts'
import { checkFluentd, fluentdOptions, openFluentd } from './forward/fluentd.ts'
import { checkGelf, gelfName, gelfOptions, openGelf } from './forward/gelf.ts'
import { journalName, openJournald, prepareJournald } from './forward/journald.ts'
import { checkSyslog, openSyslog, prepareSyslog, syslogOptions } from './forward/syslog.ts'
import { jsonFileLimits, type LogOptionValues, localLimits } from './limits.ts'
import { boolean, invalid, memorySize } from './option-values.ts'
import { type LogInfo, renderTag } from './tag.ts'

/** What a driver is, beside the file that conmon writes for all of them. */
export interface LogDriver {
  /** Throws InvalidParameter, in Docker's words, for options that it does not know or cannot use. */
  check(options: LogOptionValues): void
  /** How much of the file is kept. Throws InvalidParameter. */
  limits(options: LogOptionValues): RotationLimits
  /** Present in drivers that hand lines on. */
  forward?: ForwardingDriver
}

export interface ForwardingDriver {
  /** Throws what a container's start is to fail with, e.g. that this host has no journal. */
  prepare?(options: LogOptionValues): void
  open(options: LogOptionValues, info: LogInfo): Destination
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

/** The tag of who asks for none. */
const defaultTag = '{{.ID}}'
const tagOf = (options: LogOptionValues, info: LogInfo) => renderTag(options.tag || defaultTag, info)

/** What drivers have in common that hand lines on: the copy for `logs`, bounded as that of `local`. */
function copyLimits(options: LogOptionValues): RotationLimits {
  if (!boolean(options['cache-disabled'] || 'false')) return localLimits(options, 'cache-')
  return { ...localLimits({}), maxFiles: 1, compress: false }
}

const journald: LogDriver = {
  check: knowing(attributes, (name) => `unknown log opt '${name}' for journald log driver`),
  limits: copyLimits,
  forward: {
    prepare: () => prepareJournald(),
    open: (options, info) =>
      openJournald({
        info,
        tag: tagOf(options, info),
        attributes: extraAttributes(info, options, journalName),
      }),
  },
}

const syslog: LogDriver = {
  check: (options) => {
    knowing(
      [...attributes, ...syslogOptions],
      (name) => `unknown log opt '${name}' for syslog log driver`,
    )(options)
    checkSyslog(options)
  },
  limits: copyLimits,
  forward: {
    prepare: prepareSyslog,
    open: (options, info) => openSyslog(options, { tag: tagOf(options, info), hostname: info.hostname }),
  },
}

const gelf: LogDriver = {
  check: (options) => {
    knowing(
      [...attributes, ...gelfOptions],
      (name) => `unknown log opt ${JSON.stringify(name)} for gelf log driver`,
    )(options)
    checkGelf(options)
  },
  limits: copyLimits,
  forward: {
    open: (options, info) =>
      openGelf(options, {
        info,
        tag: tagOf(options, info),
        attributes: extraAttributes(info, options, gelfName),
      }),
  },
}

const fluentd: LogDriver = {
  check: (options) => {
    knowing(
      [...attributes, ...fluentdOptions],
      (name) => `unknown log opt '${name}' for fluentd log driver`,
    )(options)
    checkFluentd(options)
  },
  limits: copyLimits,
  forward: {
    open: (options, info) =>
      openFluentd(options, { info, tag: tagOf(options, info), attributes: extraAttributes(info, options) }),
  },
}

/** Keeps nothing. */
const none: LogDriver = {
  check: () => {},
  limits: () => localLimits({}),
}

const drivers: Readonly<Record<string, LogDriver>> = {
  fluentd,
  gelf,
  journald,
  'json-file': jsonFile,
  local,
  none,
  syslog,
}

/** All but `none`, which Docker does not count as one. */
export const logDriverNames: readonly string[] = Object.keys(drivers).filter((name) => name !== 'none')

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
export function checkLogConfig({ driver: name, options }: LogConfig, info: LogInfo = someContainer): void {
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

/** For judging options before there is a container. */
const someContainer: LogInfo = {
  id: '0'.repeat(64),
  name: 'name',
  imageId: '',
  imageName: 'image',
  created: '',
  entrypoint: '',
  args: [],
  env: [],
  labels: {},
  logPath: '',
  hostname: '',
}

/** Bytes that may wait for a destination before the oldest lines are given up; null: they wait for as long as it takes. */
export function maxBufferOf({ mode, 'max-buffer-size': size = '1m' }: LogOptionValues): number | null {
  return mode === 'non-blocking' ? memorySize(size) : null
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
