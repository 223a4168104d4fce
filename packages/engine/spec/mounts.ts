/** The mounts of a container: the kernel's file systems, the engine's own files, and what the user asked for. */
import type { HostConfig } from '@gantry/api'
import { GantryError } from '@gantry/errors'
import type { OciMount } from '@gantry/runtime'
import type { SpecRequest } from '../containers/dependencies.ts'
import { tmpfsOptions } from './tmpfs.ts'

type UserMount = SpecRequest['mounts'][number]

export interface MountsRequest {
  hostConfig: HostConfig
  /** In any order. They take the place of what would be mounted there otherwise. */
  mounts: UserMount[]
  files: SpecRequest['files']
  /** The program for `--init`, if there is to be one. */
  initProgram: string | null
  /** The kernel can make a mount and all below it read-only at once (Linux 5.12). */
  readOnlyBelow: boolean
  /** /sys/fs/cgroup is not mounted read-only. */
  writableCgroups: boolean
}

/** Where the init program appears in a container. */
export const initPath = '/sbin/docker-init'

const shmPath = '/dev/shm'
const cgroupPath = '/sys/fs/cgroup'

const system: OciMount[] = [
  { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
  {
    destination: '/dev',
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
  },
  {
    destination: '/dev/pts',
    type: 'devpts',
    source: 'devpts',
    options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
  },
  { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
  {
    destination: cgroupPath,
    type: 'cgroup',
    source: 'cgroup',
    options: ['ro', 'nosuid', 'noexec', 'nodev'],
  },
  { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
  { destination: shmPath, type: 'tmpfs', source: 'shm', options: ['nosuid', 'noexec', 'nodev', 'mode=1777'] },
]

/** In the order to be mounted: a directory before what is mounted below it. */
export function containerMounts(request: MountsRequest): OciMount[] {
  const { hostConfig, files, initProgram } = request
  const user = new Set(request.mounts.map(({ destination }) => destination))
  const managed = managedFiles(files, hostConfig).filter(
    ({ destination }) => !user.has(destination as string),
  )
  const own = [...request.mounts.map((mount) => userMount(mount, request)), ...managed]
  own.sort((a, b) => depth(a.destination) - depth(b.destination))
  const init: OciMount[] = initProgram
    ? [{ destination: initPath, type: 'bind', source: initProgram, options: ['bind', 'ro'] }]
    : []
  return [...systemMounts(request, user), ...own, ...init]
}

function systemMounts(request: MountsRequest, user: Set<string>): OciMount[] {
  const { hostConfig: config } = request
  return system
    .filter(({ destination }) => !user.has(destination))
    .filter(({ destination }) => !(user.has('/dev') && destination.startsWith('/dev/')))
    .filter(({ destination }) => !(config.IpcMode === 'none' && destination === shmPath))
    .map((mount) => ({ ...mount, options: systemOptions(mount, request) }))
}

/** These stay writable when the root is not. */
const alwaysWritable = new Set(['/proc', '/dev', '/dev/pts', '/dev/mqueue', shmPath])

function systemOptions(
  { destination, options = [] }: OciMount,
  { hostConfig: config, writableCgroups }: MountsRequest,
): string[] {
  if (destination === shmPath) return [...options, `size=${config.ShmSize || 64 * 1024 * 1024}`]
  const open = destination === cgroupPath ? writableCgroups : config.Privileged
  const writable = open && !config.ReadonlyRootfs ? options.filter((option) => option !== 'ro') : options
  const mustBeReadOnly = config.ReadonlyRootfs && !alwaysWritable.has(destination) && !writable.includes('ro')
  return mustBeReadOnly ? [...writable, 'ro'] : writable
}

function userMount(mount: UserMount, host: Pick<MountsRequest, 'readOnlyBelow'>): OciMount {
  const { type, source, destination, writable, propagation, recursive, options } = mount
  if (type === 'tmpfs') {
    const wishes = writable ? options : [...options, 'ro']
    return { destination, type: 'tmpfs', source: 'tmpfs', options: tmpfsOptions(wishes) }
  }
  return {
    destination,
    type: 'bind',
    source,
    options: [
      recursive ? 'rbind' : 'bind',
      ...(writable ? [] : [readOnlyOption(mount, host)]),
      ...(propagation ? [propagation] : []),
    ],
  }
}

/** What the OCI runtime calls it. Throws InvalidParameter for what this kernel cannot do. */
function readOnlyOption(
  { readOnlyBelow: wish = 'never', destination }: UserMount,
  { readOnlyBelow: possible }: Pick<MountsRequest, 'readOnlyBelow'>,
): 'ro' | 'rro' {
  if (wish === 'always' && !possible) {
    const message = `cannot mount ${destination} recursively read-only: it needs Linux 5.12`
    throw new GantryError('InvalidParameter', message)
  }
  return wish === 'never' || !possible ? 'ro' : 'rro'
}

function managedFiles(
  { resolvConf, hostname, hosts }: MountsRequest['files'],
  { ReadonlyRootfs }: HostConfig,
): OciMount[] {
  const options = ['rbind', ...(ReadonlyRootfs ? ['ro'] : []), 'rprivate']
  return [
    { destination: '/etc/resolv.conf', type: 'bind', source: resolvConf, options },
    { destination: '/etc/hostname', type: 'bind', source: hostname, options },
    { destination: '/etc/hosts', type: 'bind', source: hosts, options },
  ]
}

function depth(path: string): number {
  return path.split('/').filter(Boolean).length
}

/** Propagation that the root mount must have so that binds can share theirs; absent when none does. */
export function rootPropagation(mounts: UserMount[]): string | undefined {
  const wishes = mounts.map(({ propagation }) => propagation)
  if (wishes.some((wish) => wish === 'shared' || wish === 'rshared')) return 'shared'
  return wishes.some((wish) => wish === 'slave' || wish === 'rslave') ? 'rslave' : undefined
}
