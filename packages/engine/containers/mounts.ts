import { existsSync } from 'node:fs'
import { posix } from 'node:path'
import type { ContainerConfig, HostConfig, Mount } from '@gantry/api'
import { GantryError, messageOf } from '@gantry/errors'
import { invalidSpec, isAccessMode, parseBindSpec, propagations } from './bind-spec.ts'
import type { MountRecord } from './record.ts'

const invalid = (message: string) => new GantryError('InvalidParameter', message)

/** A mount that names no volume yet: `name` and `source` of a volume are filled in when it is made. */
export type PlannedMount = MountRecord & {
  volumeLabels?: Record<string, string>
  volumeOptions?: Record<string, string>
}

/**
 * All mounts that a create request and its image ask for, in the order of increasing precedence resolved: volumes of
 * other containers, then `-v`, then `--mount`, then what remains of `VOLUME`. Throws InvalidParameter.
 */
export function planMounts(
  config: ContainerConfig,
  host: HostConfig,
  mountsOf: (container: string) => MountRecord[],
): PlannedMount[] {
  const planned = new Map<string, PlannedMount>()
  for (const wish of host.VolumesFrom ?? []) {
    for (const mount of inherited(wish, mountsOf)) planned.set(mount.destination, mount)
  }
  const explicit = new Set<string>()
  const add = (mount: PlannedMount) => {
    if (explicit.has(mount.destination)) throw invalid(`Duplicate mount point: ${mount.destination}`)
    explicit.add(mount.destination)
    planned.set(mount.destination, mount)
  }
  for (const raw of host.Binds ?? []) add(fromBind(raw, host.VolumeDriver ?? ''))
  for (const mount of host.Mounts ?? []) add(fromMount(mount))
  for (const path of Object.keys(host.Tmpfs ?? {})) validateDestination(path)
  for (const path of Object.keys(config.Volumes ?? {})) {
    const destination = posix.normalize(path)
    validateDestination(destination)
    if (planned.has(destination) || host.Tmpfs?.[destination] !== undefined) continue
    planned.set(destination, {
      ...blank('volume', destination),
      driver: host.VolumeDriver || 'local',
      anonymous: true,
    })
  }
  return [...planned.values()]
}

function blank(type: MountRecord['type'], destination: string): MountRecord {
  return {
    type,
    destination,
    source: '',
    name: '',
    driver: '',
    mode: '',
    writable: true,
    propagation: '',
    copyUp: true,
    createSource: false,
    anonymous: false,
  }
}

/** `container[:mode]` of `--volumes-from`: its mounts, read-only when the mode says so. */
function inherited(wish: string, mountsOf: (container: string) => MountRecord[]): MountRecord[] {
  if (wish === '') throw invalid('volumes-from specification cannot be an empty string')
  const [, container = '', mode = ''] = /^([^:]*):?(.*)$/s.exec(wish) ?? []
  if (mode !== '' && !isAccessMode(mode)) throw invalid(`invalid mode: ${mode}`)
  const readOnly = mode.split(',').includes('ro')
  return mountsOf(container).map((mount) => ({
    ...mount,
    mode: '',
    writable: mount.writable && !readOnly,
    copyUp: false,
    anonymous: false,
  }))
}

function fromBind(raw: string, volumeDriver: string): PlannedMount {
  const spec = parseBindSpec(raw)
  const type = spec.source.startsWith('/') ? 'bind' : 'volume'
  try {
    validateMount({ Type: type, Source: spec.source, Target: spec.destination })
  } catch (error) {
    throw invalidSpec(raw, messageOf(error))
  }
  const mount = {
    ...blank(type, posix.normalize(spec.destination)),
    mode: spec.mode,
    writable: !spec.readOnly,
  }
  if (type === 'bind') {
    return {
      ...mount,
      source: trimmed(spec.source),
      propagation: spec.propagation || 'rprivate',
      createSource: true,
    }
  }
  return {
    ...mount,
    mode: spec.mode || 'z',
    name: spec.source,
    driver: volumeDriver || 'local',
    copyUp: spec.copyUp,
    anonymous: spec.source === '',
  }
}

function fromMount(mount: Mount): PlannedMount {
  validateMount(mount)
  const type = mount.Type as MountRecord['type']
  const { BindOptions, VolumeOptions, TmpfsOptions, ImageOptions } = mount
  const planned: PlannedMount = {
    ...blank(type, posix.normalize(mount.Target as string)),
    writable: !mount.ReadOnly,
    options: {
      ...(BindOptions && { BindOptions }),
      ...(VolumeOptions && { VolumeOptions }),
      ...(TmpfsOptions && { TmpfsOptions }),
      ...(ImageOptions && { ImageOptions }),
    },
  }
  if (type === 'tmpfs') return planned
  if (type === 'image') return { ...planned, source: mount.Source as string, writable: false }
  if (type === 'bind') {
    const source = trimmed(mount.Source as string)
    if (!BindOptions?.CreateMountpoint && !existsSync(source)) {
      throw mountError(mount, `bind source path does not exist: ${source}`)
    }
    return {
      ...planned,
      source,
      propagation: BindOptions?.Propagation || 'rprivate',
      createSource: BindOptions?.CreateMountpoint ?? false,
    }
  }
  return {
    ...planned,
    mode: 'z',
    name: mount.Source ?? '',
    driver: VolumeOptions?.DriverConfig?.Name || 'local',
    copyUp: !VolumeOptions?.NoCopy,
    anonymous: !mount.Source,
    ...(VolumeOptions?.Labels && { volumeLabels: VolumeOptions.Labels }),
    ...(VolumeOptions?.DriverConfig?.Options && { volumeOptions: VolumeOptions.DriverConfig.Options }),
  }
}

function trimmed(path: string): string {
  const normal = posix.normalize(path)
  return normal.length > 1 ? normal.replace(/\/+$/, '') : normal
}

function mountError(mount: Mount, reason: string): GantryError {
  return invalid(`invalid mount config for type "${mount.Type ?? ''}": ${reason}`)
}

function validateMount(mount: Mount): void {
  const problem = problemOf(mount)
  if (problem) throw mountError(mount, problem)
}

function problemOf(mount: Mount): string | null {
  const target = mount.Target ?? ''
  if (target === '') return 'field Target must not be empty'
  if (posix.normalize(target) === '/') return "invalid specification: destination can't be '/'"
  if (!target.startsWith('/')) return `invalid mount path: '${target}' mount path must be absolute`
  const extra = (['BindOptions', 'VolumeOptions', 'TmpfsOptions', 'ImageOptions'] as const).find(
    (field) => mount[field] && field.toLowerCase() !== `${mount.Type}options`,
  )
  switch (mount.Type) {
    case 'bind':
      if (!mount.Source) return 'field Source must not be empty'
      if (extra) return `field ${extra} must not be specified`
      return bindProblem(mount, mount.Source)
    case 'volume':
      if (extra) return `field ${extra} must not be specified`
      return !mount.Source && mount.ReadOnly
        ? 'must not set ReadOnly mode when using anonymous volumes'
        : null
    case 'tmpfs':
      if (extra) return `field ${extra} must not be specified`
      return mount.Source ? 'field Source must not be specified' : null
    case 'image':
      if (!mount.Source) return 'field Source must not be empty'
      return extra ? `field ${extra} must not be specified` : null
    default:
      return 'mount type unknown'
  }
}

function bindProblem(mount: Mount, source: string): string | null {
  const { ReadOnlyNonRecursive, ReadOnlyForceRecursive } = mount.BindOptions ?? {}
  if (ReadOnlyNonRecursive && ReadOnlyForceRecursive)
    return 'mount options conflict: ReadOnlyNonRecursive && ReadOnlyForceRecursive'
  const propagation = mount.BindOptions?.Propagation
  if (propagation && !propagations.includes(propagation)) return `invalid propagation mode: ${propagation}`
  return source.startsWith('/') ? null : `invalid mount path: '${source}' mount path must be absolute`
}

/** Of HostConfig.Tmpfs and VOLUME, which carry a bare path. */
function validateDestination(path: string): void {
  if (!path.startsWith('/')) throw invalid(`invalid mount path: '${path}' mount path must be absolute`)
  if (posix.normalize(path) === '/') throw invalid("invalid specification: destination can't be '/'")
}
