/**
 * What is checked of a flag's value while the flags are parsed, so that the error names the flag. A name means the same
 * in every command that has the flag.
 */

import { parseDuration } from '@gantry/dockerfile/duration'
import type { FlagSpec } from './tree.ts'

type Check = (text: string) => unknown
/** Most commands have none of these flags, and are over in the time it takes to load what checks all of them. */
type CheckLoader = () => Check | Promise<Check>

const device = () => import('../options/device.ts')
const hosts = () => import('../options/hosts.ts')
const keyValues = () => import('../options/key-values.ts')
const link = () => import('../options/link.ts')

function checkFilter(text: string): void {
  if (text !== '' && !text.includes('=')) throw new RangeError('bad format of filter (expected name=value)')
}

const byType: Readonly<Record<string, CheckLoader>> = {
  decimal: async () => (await import('../options/cpus.ts')).parseCpus,
  filter: () => checkFilter,
  'gpu-request': async () => (await import('../options/gpus.ts')).parseGpus,
  mount: async () => (await import('../options/mount.ts')).parseMount,
  network: async () => (await import('../options/network.ts')).parseNetwork,
  ulimit: async () => (await import('../options/ulimit.ts')).parseUlimit,
}

const byName: Readonly<Record<string, CheckLoader>> = {
  'add-host': async () => (await hosts()).parseExtraHost,
  attach: async () => (await link()).checkStream,
  'blkio-weight-device': async () => (await device()).parseWeightDevice,
  'device-cgroup-rule': async () => (await device()).checkCgroupRule,
  'device-read-bps': async () => (await device()).parseBpsDevice,
  'device-read-iops': async () => (await device()).parseIopsDevice,
  'device-write-bps': async () => (await device()).parseBpsDevice,
  'device-write-iops': async () => (await device()).parseIopsDevice,
  dns: async () => (await hosts()).checkAddress,
  'dns-search': async () => (await hosts()).parseSearchDomain,
  env: async () => (await keyValues()).checkVariable,
  label: async () => (await keyValues()).checkLabel,
  link: async () => (await link()).checkLink,
  sysctl: async () => (await import('../options/sysctl.ts')).checkSysctl,
}

/** Longest times to wait, unlike durations that the engine is to judge. */
const timeLimits = ['timeout', 'wait-timeout']

function checkTimeLimit(text: string): void {
  if (parseDuration(text) < 0) throw new RangeError('must not be negative')
}

/** Rejects with an Error that says what is wrong with the value, if something is. */
export async function checkValue(spec: FlagSpec, text: string): Promise<void> {
  const isMany = spec.type === 'list' || spec.type === 'map'
  const load = byType[spec.type] ?? (isMany ? byName[spec.long] : undefined)
  if (load !== undefined) (await load())(text)
  if (spec.type === 'duration' && timeLimits.includes(spec.long)) checkTimeLimit(text)
}
