/** Looking up device nodes of the host. */
import { lstat, readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { DeviceMapping, HostConfig } from '@gantry/api'
import { GantryError, messageOf } from '@gantry/errors'
import type { Device } from './devices.ts'
import type { HostDevices } from './host.ts'

/** Directories of /dev that every container has of its own. */
const ownDirectories = new Set(['pts', 'shm', 'fd', 'mqueue', '.lxc', '.lxd-mounts', '.udev'])

/** All device nodes that a configuration needs to know of. Throws InvalidParameter for what is no device. */
export async function lookUpDevices(config: HostConfig): Promise<HostDevices> {
  const requests = config.DeviceRequests ?? []
  if (requests.length > 0) {
    const { Driver = '', Capabilities = [] } = requests[0] ?? {}
    const wanted = Capabilities.map((set) => `[${set.join(' ')}]`).join(' ')
    throw new GantryError(
      'InvalidParameter',
      `could not select device driver "${Driver}" with capabilities: [${wanted}]`,
    )
  }
  const [requested, all, numbers] = await Promise.all([
    Promise.all((config.Devices ?? []).map(requestedDevices)),
    config.Privileged ? nodesBelow('/dev', '/dev', 'rwm') : [],
    blockNumbers(config),
  ])
  return { requested: requested.flat(), all, numbers }
}

async function requestedDevices(mapping: DeviceMapping): Promise<Device[]> {
  const { PathOnHost = '', CgroupPermissions: access = 'rwm' } = mapping
  const inContainer = mapping.PathInContainer || PathOnHost
  try {
    // Links are followed, as /dev/disk/by-id and the like are.
    const path = await realpath(PathOnHost)
    const device = await deviceAt(path, inContainer, access)
    if (device) return [device]
    const found = (await stat(path)).isDirectory() ? await nodesBelow(path, inContainer, access) : []
    if (found.length === 0) throw new Error('not a device node')
    return found
  } catch (error) {
    const reason = reasonOf(error)
    const message = `error gathering device information while adding custom device "${PathOnHost}": ${reason}`
    throw new GantryError('InvalidParameter', message, { cause: error })
  }
}

function reasonOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file or directory' : messageOf(error)
}

/** Null for what is no device. */
async function deviceAt(path: string, inContainer: string, access: string): Promise<Device | null> {
  const status = await lstat(path)
  if (!status.isCharacterDevice() && !status.isBlockDevice()) return null
  return {
    type: status.isBlockDevice() ? 'b' : 'c',
    path: inContainer,
    ...deviceNumbers(status.rdev),
    fileMode: status.mode & 0o7777,
    uid: status.uid,
    gid: status.gid,
    access,
  }
}

async function nodesBelow(directory: string, inContainer: string, access: string): Promise<Device[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  const found = await Promise.all(
    entries.map(async (entry) => {
      const [path, target] = [join(directory, entry.name), join(inContainer, entry.name)]
      if (entry.isDirectory())
        return ownDirectories.has(entry.name) ? [] : await nodesBelow(path, target, access)
      if (entry.name === 'console' || entry.isSymbolicLink()) return []
      return [await deviceAt(path, target, access).catch(() => null)].filter((device) => device !== null)
    }),
  )
  return found.flat()
}

/** makedev(3) backwards. */
function deviceNumbers(rdev: number): { major: number; minor: number } {
  const wide = BigInt(rdev)
  return {
    major: Number(((wide >> 8n) & 0xfffn) | ((wide >> 32n) & 0xfffff000n)),
    minor: Number((wide & 0xffn) | ((wide >> 12n) & 0xffffff00n)),
  }
}

async function blockNumbers(config: HostConfig): Promise<HostDevices['numbers']> {
  const limits = [
    ...(config.BlkioWeightDevice ?? []),
    ...(config.BlkioDeviceReadBps ?? []),
    ...(config.BlkioDeviceWriteBps ?? []),
    ...(config.BlkioDeviceReadIOps ?? []),
    ...(config.BlkioDeviceWriteIOps ?? []),
  ]
  const paths = new Set(limits.map(({ Path = '' }) => Path))
  const numbers = new Map<string, { major: number; minor: number }>()
  for (const path of paths) {
    const status = await stat(path).catch((error) => {
      const message = `stat ${path}: no such file or directory`
      throw new GantryError('InvalidParameter', message, { cause: error })
    })
    numbers.set(path, deviceNumbers(status.rdev))
  }
  return numbers
}
