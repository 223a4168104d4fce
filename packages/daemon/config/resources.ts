/** What containers may use when they say nothing themselves, and what the daemon itself may. */
import { byteSize } from '@gantry/engine'
import { GantryError } from '@gantry/errors'
import type { OptionValues, UlimitOption } from './option-values.ts'

export interface ResourcesConfig {
  /** Bytes of a container's /dev/shm. */
  shmSize: number
  /** By name, for containers that do not set this limit. */
  ulimits: UlimitOption[]
  /** Microseconds of real-time scheduling that all containers together may have; undefined leaves it to the kernel. */
  cpuRealtimePeriod: number | undefined
  cpuRealtimeRuntime: number | undefined
  /** Bytes that containers may write which do not say themselves; 0 is no limit. */
  storageSize: number
  /** Bytes of one build context. */
  buildContext: number
  /** How readily the kernel ends the daemon when memory is short; undefined leaves it as it was found. */
  oomScoreAdjust: number | undefined
}

const defaultShmSize = 64 * 2 ** 20
const defaultBuildContext = 8 * 2 ** 30

/** Throws InvalidParameter in the words of dockerd. */
export function resourcesOf(values: OptionValues): ResourcesConfig {
  checkExecOptions(values['exec-opts'] ?? [])
  const score = values['oom-score-adjust']
  if (score !== undefined && (score < -1000 || score > 1000)) {
    throw invalid(`Invalid value ${score}, range for oom score adj is [-1000, 1000]`)
  }
  return {
    shmSize: values['default-shm-size'] === undefined ? defaultShmSize : byteSize(values['default-shm-size']),
    ulimits: Object.entries(values['default-ulimits'] ?? {}).map(([name, limit]) => checkUlimit(name, limit)),
    cpuRealtimePeriod: values['cpu-rt-period'] || undefined,
    cpuRealtimeRuntime: values['cpu-rt-runtime'] || undefined,
    buildContext: contextSizeOf(values['max-build-context']),
    storageSize: storageSizeOf(values['storage-opts'] ?? []),
    oomScoreAdjust: score,
  }
}

/** Zero is no limit, as everywhere. */
function contextSizeOf(text: string | undefined): number {
  if (text === undefined) return defaultBuildContext
  return byteSize(text) || Number.POSITIVE_INFINITY
}

/** The kernel's control groups are used directly; systemd as a go-between is not available. */
function checkExecOptions(options: readonly string[]): void {
  for (const option of options) {
    const [key = '', value] = option.split('=', 2)
    if (value === undefined) throw invalid(`invalid exec-opt: ${JSON.stringify(option)}`)
    if (key.trim().toLowerCase() !== 'native.cgroupdriver') {
      throw invalid(`exec-opt ${JSON.stringify(key)} is not known`)
    }
    if (value === 'cgroupfs') continue
    if (value === 'systemd')
      throw invalid('native.cgroupdriver systemd is not available in this version of Gantry: use cgroupfs')
    throw invalid(`native.cgroupdriver option ${value} not supported`)
  }
}

/** Options of Docker's storage driver `overlay2`, whose layout of layers this is. */
function storageSizeOf(options: readonly string[]): number {
  let size = 0
  for (const option of options) {
    const [, key = '', value = ''] = /^([^=]+)=(.*)$/s.exec(option) ?? []
    if (key === '') throw invalid(`Unable to parse key/value option: ${option}`)
    if (key.toLowerCase() === 'overlay2.size') size = byteSize(value.trim())
    else if (key.toLowerCase() !== 'overlay2.override_kernel_check')
      throw invalid(`overlay2: unknown option ${key}`)
  }
  return size
}

const ulimitNames = new Set(
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(
    ' ',
  ),
)

function checkUlimit(key: string, { Name: name = key, Soft: soft = 0, Hard: hard = 0 }: UlimitOption) {
  if (!ulimitNames.has(name)) throw invalid(`invalid ulimit type: ${name}`)
  if (hard !== -1 && (soft === -1 || soft > hard)) {
    const values = soft === -1 ? `soft: -1 (unlimited), hard: ${hard}` : `${soft} > ${hard}`
    throw invalid(`ulimit soft limit must be less than or equal to hard limit: ${values}`)
  }
  return { Name: name, Soft: soft, Hard: hard }
}

function invalid(message: string): GantryError {
  return new GantryError('InvalidParameter', message)
}
