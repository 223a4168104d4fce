/** Overlay mounts with any number of layers. */
import { closeSync, constants, openSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { CAP_SYS_RESOURCE, withoutCapability } from './capability.ts'
import { asRootOf, type IdMap, withIdMapped } from './id-mapped.ts'
import { SystemCallError } from './libc.ts'
import { MountFlag, mount, mountByOptions } from './mount.ts'

/** O_PATH, which Node does not name; the same on x86-64 and arm64. */
const O_PATH = 0o10000000
/** mount(2) copies one page of options, the closing zero included. */
const maximumOptionBytes = 4095
/** fsconfig(2) takes strings of at most 255 bytes. */
const maximumValueBytes = 255

export interface Overlay {
  /** Top first. */
  lower: string[]
  /** Absent, with `work`, for a view that cannot be written. */
  upper?: string
  work?: string
  readOnly?: boolean
  target: string
  /** Shows the layers, and writes to `upper`, with the ids of this namespace: on the disk they stay those of the image. */
  idMap?: IdMap
  /** SELinux label of all files. */
  context?: string
}

/**
 * Mounts an overlay. Lists that do not fit into mount(2)'s one page of options go through fsconfig(2) where the kernel
 * takes layers one at a time (Linux 6.8), else under short names in /proc/self/fd. Throws SystemCallError.
 */
export function mountOverlay(overlay: Overlay): void {
  const { idMap, ...plain } = overlay
  if (idMap) mountIdMapped(plain, idMap)
  else mountPlain(plain)
}

/** `upper` and `work` must be in one mount, so the directory that both are in is copied as one. */
function mountIdMapped({ lower, upper, work, ...rest }: Overlay, idMap: IdMap): void {
  const parents = upper === undefined || work === undefined ? [] : [dirname(upper)]
  withIdMapped([...lower, ...parents], idMap, (paths) => {
    const parent = paths[lower.length]
    const overlay = {
      ...rest,
      lower: paths.slice(0, lower.length),
      ...(parent !== undefined && {
        upper: join(parent, basename(upper ?? '')),
        work: join(parent, basename(work ?? '')),
      }),
    }
    asRootOf(idMap, () => mountPlain(overlay))
  })
}

/**
 * What is written through an overlay is written with the rights of whoever mounted it: with this one, quotas of ext4 would
 * mean nothing.
 */
function mountPlain(overlay: Overlay): void {
  withoutCapability(CAP_SYS_RESOURCE, () => mountOptions(overlay))
}

function mountOptions(overlay: Overlay): void {
  const data = optionString(overlay)
  if (Buffer.byteLength(data) <= maximumOptionBytes) mountByString(overlay, data)
  else if (!mountLayerByLayer(overlay)) {
    withShortNames(overlay, (short) => mountByString(short, optionString(short)))
  }
}

/** False when the kernel has no such way, or a path is too long for it. */
function mountLayerByLayer(overlay: Overlay): boolean {
  if (overlay.lower.some((path) => Buffer.byteLength(path) > maximumValueBytes)) return false
  try {
    mountByOptions({ type: 'overlay', options: optionList(overlay), target: overlay.target })
    return true
  } catch (error) {
    if (error instanceof SystemCallError && ['ENOSYS', 'EINVAL'].includes(error.code)) return false
    throw error
  }
}

function mountByString({ target, readOnly }: Overlay, data: string): void {
  mount({ source: 'overlay', target, type: 'overlay', flags: readOnly ? MountFlag.readOnly : 0, data })
}

/** A change must be readable from `upper` alone, so features that leave redirections there are turned off. */
const features: [string, string][] = [
  ['index', 'off'],
  ['redirect_dir', 'off'],
  ['metacopy', 'off'],
]

function optionString({ lower, upper, work, context }: Overlay): string {
  const options = [`lowerdir=${lower.map(escaped).join(':')}`]
  if (upper !== undefined && work !== undefined)
    options.push(`upperdir=${escaped(upper)}`, `workdir=${escaped(work)}`)
  // Quoted: categories have commas between them.
  if (context !== undefined) options.push(`context="${context}"`)
  return [...options, ...features.map(([key, value]) => `${key}=${value}`)].join(',')
}

function optionList({ lower, upper, work, readOnly, context }: Overlay): [string, string | true][] {
  const options: [string, string | true][] = lower.map((path) => ['lowerdir+', path])
  if (upper !== undefined && work !== undefined) options.push(['upperdir', upper], ['workdir', work])
  if (context !== undefined) options.push(['context', context])
  if (readOnly) options.push(['ro', true])
  return [...options, ...features]
}

/** Overlay splits its options at commas and its layers at colons. */
function escaped(path: string): string {
  return path.replace(/[\\:,]/g, '\\$&')
}

function withShortNames(overlay: Overlay, use: (short: Overlay) => void): void {
  const opened: number[] = []
  const short = (path: string) => {
    const fd = openSync(path, O_PATH | constants.O_DIRECTORY)
    opened.push(fd)
    return `/proc/self/fd/${fd}`
  }
  try {
    use({
      ...overlay,
      lower: overlay.lower.map(short),
      upper: overlay.upper && short(overlay.upper),
      work: overlay.work && short(overlay.work),
    })
  } finally {
    for (const fd of opened) closeSync(fd)
  }
}
