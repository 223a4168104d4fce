/** What the host is and can do, read from the kernel and from /etc; mapped to the API elsewhere. */
import { readdir, readFile, statfs } from 'node:fs/promises'
import { availableParallelism, hostname, machine, release, totalmem } from 'node:os'
import { cgroupLayout } from '@gantry/syscall'
import { type KernelLimits, kernelLimits } from '../../limits/kernel-limits.ts'

export interface HostFacts {
  hostname: string
  kernelVersion: string
  /** `uname -m`: x86_64, aarch64. */
  machine: string
  /** PRETTY_NAME and VERSION_ID of os-release(5). */
  operatingSystem: string
  osVersion: string
  processors: number
  /** Bytes. */
  memory: number
  ipv4Forwarding: boolean
  /** File system below the data root, in Docker's names. */
  backingFilesystem: string
  /** File descriptors that the daemon has open. */
  openFiles: number
  limits: KernelLimits
}

/** Reads them now. Rejects with the system's error when there is nothing at the data root. */
export async function gatherHostFacts(dataRoot: string): Promise<HostFacts> {
  const osRelease = parseOsRelease(await firstReadable(['/etc/os-release', '/usr/lib/os-release']))
  return {
    hostname: hostname(),
    kernelVersion: release(),
    machine: machine(),
    operatingSystem: osRelease.PRETTY_NAME ?? 'Linux',
    osVersion: osRelease.VERSION_ID ?? '',
    processors: availableParallelism(),
    memory: totalmem(),
    ipv4Forwarding: (await firstReadable(['/proc/sys/net/ipv4/ip_forward'])).trim() === '1',
    backingFilesystem: filesystemName((await statfs(dataRoot)).type),
    openFiles: (await readdir('/proc/self/fd')).length,
    limits: kernelLimits(cgroupLayout()),
  }
}

async function firstReadable(paths: string[]): Promise<string> {
  for (const path of paths) {
    const text = await readFile(path, 'utf8').catch(() => null)
    if (text !== null) return text
  }
  return ''
}

/** os-release(5): shell assignments, quoted or not. */
export function parseOsRelease(text: string): Record<string, string> {
  const found = text.matchAll(/^([A-Z_]+)=(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|(.*))$/gm)
  return Object.fromEntries(
    [...found].map(([, key = '', double, single, bare]) => [
      key,
      double?.replace(/\\(.)/g, '$1') ?? single ?? bare ?? '',
    ]),
  )
}

/** By the kernel's magic numbers (statfs(2)). */
function filesystemName(type: number): string {
  const names: Record<number, string> = {
    61267: 'extfs',
    1481003842: 'xfs',
    2435016766: 'btrfs',
    16914836: 'tmpfs',
    801189825: 'zfs',
    2035054128: 'overlayfs',
    4076150800: 'f2fs',
    26985: 'nfs',
  }
  return names[type] ?? '<unknown>'
}
