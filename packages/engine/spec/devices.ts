/** Device nodes: which a container gets, and which it may open. */
import type { HostConfig } from '@gantry/api'
import { GantryError } from '@gantry/errors'
import type { HostDevices } from './host.ts'

/** linux.devices of the OCI specification, and what the container may do with it. */
export interface Device {
  type: 'c' | 'b'
  path: string
  major: number
  minor: number
  fileMode: number
  uid: number
  gid: number
  /** `r`ead, `w`rite, `m`knod. */
  access: string
}

/** linux.resources.devices: an absent field stands for all. */
export interface DeviceRule {
  allow: boolean
  type?: string
  major?: number
  minor?: number
  access: string
}

const rule = (allow: boolean, major: number, minor: number): DeviceRule => {
  return { allow, type: 'c', major, minor, access: 'rwm' }
}

/** zero, null, urandom, random, tty, console; never fuse. The OCI runtime adds pseudo terminals and mknod. */
const defaultRules: DeviceRule[] = [
  { allow: false, access: 'rwm' },
  rule(true, 1, 5),
  rule(true, 1, 3),
  rule(true, 1, 9),
  rule(true, 1, 8),
  rule(true, 5, 0),
  rule(true, 5, 1),
  rule(false, 10, 229),
]

/** The nodes to make (the runtime makes the default ones) and the rules, in order. Throws InvalidParameter. */
export function containerDevices(
  config: HostConfig,
  { requested, all }: HostDevices,
): { devices: Omit<Device, 'access'>[]; rules: DeviceRule[] } {
  if (config.Privileged) {
    const own = new Set(requested.map(({ path }) => path))
    const nodes = [...all.filter(({ path }) => !own.has(path)), ...requested]
    return { devices: nodes.map(node), rules: [{ allow: true, access: 'rwm' }] }
  }
  const allowed = requested.map(({ type, major, minor, access }) => ({
    allow: true,
    type,
    major,
    minor,
    access,
  }))
  const custom = (config.DeviceCgroupRules ?? []).map(parseRule)
  return { devices: requested.map(node), rules: [...defaultRules, ...allowed, ...custom] }
}

function node({ access: _, ...device }: Device): Omit<Device, 'access'> {
  return device
}

/** `c 1:3 rwm`, with `*` for any number. */
function parseRule(text: string): DeviceRule {
  const match = /^([acb]) ([0-9]+|\*):([0-9]+|\*) ([rwm]{1,3})$/.exec(text)
  if (!match) throw new GantryError('InvalidParameter', `invalid device cgroup rule format: '${text}'`)
  const [, type = '', major = '', minor = '', access = ''] = match
  return {
    allow: true,
    type,
    ...(major !== '*' && { major: Number(major) }),
    ...(minor !== '*' && { minor: Number(minor) }),
    access,
  }
}
