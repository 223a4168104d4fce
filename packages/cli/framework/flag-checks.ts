/**
 * What is checked of a flag's value while the flags are parsed, so that the error names the flag. A name means the same
 * in every command that has the flag.
 */

import { parseDuration } from '@gantry/dockerfile/duration'
import { parseCpus } from '../options/cpus.ts'
import { checkCgroupRule, parseBpsDevice, parseIopsDevice, parseWeightDevice } from '../options/device.ts'
import { parseGpus } from '../options/gpus.ts'
import { checkAddress, parseExtraHost, parseSearchDomain } from '../options/hosts.ts'
import { checkLabel, checkVariable } from '../options/key-values.ts'
import { checkLink, checkStream } from '../options/link.ts'
import { parseMount } from '../options/mount.ts'
import { parseNetwork } from '../options/network.ts'
import { checkSysctl } from '../options/sysctl.ts'
import { parseUlimit } from '../options/ulimit.ts'
import type { FlagSpec } from './tree.ts'

type Check = (text: string) => unknown

function checkFilter(text: string): void {
  if (text !== '' && !text.includes('=')) throw new RangeError('bad format of filter (expected name=value)')
}

const byType: Readonly<Record<string, Check>> = {
  decimal: parseCpus,
  filter: checkFilter,
  'gpu-request': parseGpus,
  mount: parseMount,
  network: parseNetwork,
  ulimit: parseUlimit,
}

const byName: Readonly<Record<string, Check>> = {
  'add-host': parseExtraHost,
  attach: checkStream,
  'blkio-weight-device': parseWeightDevice,
  'device-cgroup-rule': checkCgroupRule,
  'device-read-bps': parseBpsDevice,
  'device-read-iops': parseIopsDevice,
  'device-write-bps': parseBpsDevice,
  'device-write-iops': parseIopsDevice,
  dns: checkAddress,
  'dns-search': parseSearchDomain,
  env: checkVariable,
  label: checkLabel,
  link: checkLink,
  sysctl: checkSysctl,
}

/** Longest times to wait, unlike durations that the engine is to judge. */
const timeLimits = ['timeout', 'wait-timeout']

function checkTimeLimit(text: string): void {
  if (parseDuration(text) < 0) throw new RangeError('must not be negative')
}

/** Throws an Error that says what is wrong with the value, if something is. */
export function checkValue(spec: FlagSpec, text: string): void {
  byType[spec.type]?.(text)
  if (spec.type === 'list' || spec.type === 'map') byName[spec.long]?.(text)
  if (spec.type === 'duration' && timeLimits.includes(spec.long)) checkTimeLimit(text)
}
