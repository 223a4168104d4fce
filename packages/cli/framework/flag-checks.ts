/**
 * What is checked of a flag's value while the flags are parsed, so that the error names the flag. A name means the same
 * in every command that has the flag.
 */

import { parseDuration } from '@gantry/dockerfile/duration'
import type { FlagSpec } from './tree.ts'

type Check = (text: string) => unknown

// Most commands have none of these flags, and are over in the time it takes to load what checks all of them.
const device = () => import('../options/device.ts')
const hosts = () => import('../options/hosts.ts')
const keyValues = () => import('../options/key-values.ts')
const link = () => import('../options/link.ts')

function checkFilter(text: string): void {
  if (text !== '' && !text.includes('=')) throw new RangeError('bad format of filter (expected name=value)')
}

async function checkOfType(type: string): Promise<Check | undefined> {
  switch (type) {
    case 'decimal':
      return (await import('../options/cpus.ts')).parseCpus
    case 'filter':
      return checkFilter
    case 'gpu-request':
      return (await import('../options/gpus.ts')).parseGpus
    case 'mount':
      return (await import('../options/mount.ts')).parseMount
    case 'network':
      return (await import('../options/network.ts')).parseNetwork
    case 'ulimit':
      return (await import('../options/ulimit.ts')).parseUlimit
    default:
      return undefined
  }
}

/** For flags that can be given several times, and pairs. */
async function checkOfName(name: string): Promise<Check | undefined> {
  switch (name) {
    case 'add-host':
      return (await hosts()).parseExtraHost
    case 'attach':
      return (await link()).checkStream
    case 'blkio-weight-device':
      return (await device()).parseWeightDevice
    case 'device-cgroup-rule':
      return (await device()).checkCgroupRule
    case 'device-read-bps':
      return (await device()).parseBpsDevice
    case 'device-read-iops':
      return (await device()).parseIopsDevice
    case 'device-write-bps':
      return (await device()).parseBpsDevice
    case 'device-write-iops':
      return (await device()).parseIopsDevice
    case 'dns':
      return (await hosts()).checkAddress
    case 'dns-search':
      return (await hosts()).parseSearchDomain
    case 'env':
      return (await keyValues()).checkVariable
    case 'label':
      return (await keyValues()).checkLabel
    case 'link':
      return (await link()).checkLink
    case 'sysctl':
      return (await import('../options/sysctl.ts')).checkSysctl
    default:
      return undefined
  }
}

/** Longest times to wait, unlike durations that the engine is to judge. */
const timeLimits = ['timeout', 'wait-timeout']

function checkTimeLimit(text: string): void {
  if (parseDuration(text) < 0) throw new RangeError('must not be negative')
}

/** Rejects with an Error that says what is wrong with the value, if something is. */
export async function checkValue(spec: FlagSpec, text: string): Promise<void> {
  const isMany = spec.type === 'list' || spec.type === 'map'
  const check = (await checkOfType(spec.type)) ?? (isMany ? await checkOfName(spec.long) : undefined)
  check?.(text)
  if (spec.type === 'duration' && timeLimits.includes(spec.long)) checkTimeLimit(text)
}
