/** `--device`, `--blkio-weight-device`, `--device-read-bps` and their like, `--device-cgroup-rule`. */
import type { DeviceMapping, ThrottleDevice } from '@gantry/api'
import { parseSize } from '@gantry/dockerfile/size'
import { parseGoUint } from './go-numbers.ts'

/** `host[:container][:rwm]`. Throws RangeError with Docker's words. */
export function parseDevice(text: string): DeviceMapping {
  const parts = text.split(':')
  const [source = '', second, third] = parts
  if (parts.length > 3 || source === '') throw new RangeError(`bad format for path: ${text}`)
  const secondIsMode = second !== undefined && isMode(second)
  if (third !== undefined && !isMode(third)) throw new RangeError(`bad mode specified: ${third}`)
  const target = second === undefined || secondIsMode ? source : second
  if (!target.startsWith('/')) throw new RangeError(`${target} is not an absolute path`)
  return {
    PathOnHost: source,
    PathInContainer: target,
    CgroupPermissions: third ?? (secondIsMode ? second : 'rwm'),
  }
}

/** Every letter out of r, w, m and none twice. */
function isMode(text: string): boolean {
  return /^[rwm]+$/.test(text) && new Set(text).size === text.length
}

/** Whether a device is named in the notation of the Container Device Interface, `vendor.com/class=name`. */
export function isCdiDevice(text: string): boolean {
  return /^[A-Za-z][\w.-]*[A-Za-z0-9]\/[A-Za-z][\w-]*=[A-Za-z0-9][\w.:-]*$/.test(text)
}

/** `path:weight`, for `--blkio-weight-device`. */
export function parseWeightDevice(text: string): { Path: string; Weight: number } {
  const [path, value] = splitDevice(text)
  const problem = `invalid weight for device: ${text}`
  const weight = numberOr(problem, () => parseGoUint(value, 16))
  if (weight > 0 && (weight < 10 || weight > 1000)) throw new RangeError(problem)
  return { Path: path, Weight: weight }
}

/** `path:bytes-per-second`. */
export function parseBpsDevice(text: string): ThrottleDevice {
  const [path, value] = splitDevice(text)
  const format =
    '<device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb'
  const problem = `invalid rate for device: ${text}. The correct format is ${format}`
  return { Path: path, Rate: numberOr(problem, () => parseSize(value)) }
}

/** `path:operations-per-second`. */
export function parseIopsDevice(text: string): ThrottleDevice {
  const [path, value] = splitDevice(text)
  const format = '<device-path>:<number>. Number must be a positive integer'
  const problem = `invalid rate for device: ${text}. The correct format is ${format}`
  return { Path: path, Rate: numberOr(problem, () => parseGoUint(value, 64)) }
}

/** `c 10:* rwm`. */
export function checkCgroupRule(text: string): void {
  if (!/^[acb] ([0-9]+|\*):([0-9]+|\*) [rwm]{1,3}$/.test(text)) {
    throw new RangeError(`invalid device cgroup format '${text}'`)
  }
}

function splitDevice(text: string): [path: string, value: string] {
  const colon = text.indexOf(':')
  const path = text.slice(0, Math.max(colon, 0))
  const value = text.slice(colon + 1)
  if (colon < 0 || path === '') throw new RangeError(`bad format: ${text}`)
  if (!path.startsWith('/dev/')) throw new RangeError(`bad format for device path: ${text}`)
  return [path, value]
}

function numberOr(problem: string, parse: () => number): number {
  try {
    return parse()
  } catch {
    throw new RangeError(problem)
  }
}
