/** Learns what of the host decides how containers are written down. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { release } from 'node:os'
import { join } from 'node:path'
import type { CgroupLayout } from '@gantry/syscall'
import { allCapabilities } from './capabilities.ts'
import type { HostFacts } from './host.ts'

/** What of the facts is the daemon's configuration. */
type Configured = Pick<
  HostFacts,
  | 'apparmorProfiles'
  | 'cgroupParent'
  | 'initProgram'
  | 'seccompProfile'
  | 'noNewPrivileges'
  | 'swapLimit'
  | 'ulimits'
>

export interface SpecFactsOptions extends Configured {
  cgroups: CgroupLayout
}

/** Go's names of processors, as image configurations and seccomp profiles use them. */
const architectures: Record<string, string> = {
  x64: 'amd64',
  ia32: '386',
  ppc64: 'ppc64le',
  loong64: 'loong64',
}

/**
 * Reads what specifications depend on of this host, once: the kernel's version and features, the daemon's own
 * capabilities.
 */
export async function gatherSpecFacts({ cgroups, ...configured }: SpecFactsOptions): Promise<HostFacts> {
  const [status, selinux, extraMaskedPaths] = await Promise.all([
    readFile('/proc/self/status', 'utf8'),
    exists('/sys/fs/selinux/enforce'),
    thermalThrottlePaths(),
  ])
  const [major = 0, minor = 0] = release().split(/[.-]/).map(Number)
  return {
    ...configured,
    cgroupVersion: cgroups.mode === 'v2' ? 2 : 1,
    architecture: architectures[process.arch] ?? process.arch,
    kernel: [major, minor],
    capabilities: boundingSet(status),
    seccomp: /^Seccomp:\s/m.test(status),
    selinux,
    extraMaskedPaths,
  }
}

/** The CapBnd line of proc_pid_status(5). */
function boundingSet(status: string): string[] {
  const mask = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`)
  return allCapabilities.filter((_, number) => (mask >> BigInt(number)) & 1n)
}

async function thermalThrottlePaths(): Promise<string[]> {
  const directory = '/sys/devices/system/cpu'
  const entries = await readdir(directory).catch(() => [])
  const paths = entries
    .filter((name) => /^cpu\d+$/.test(name))
    .map((name) => join(directory, name, 'thermal_throttle'))
  const there = await Promise.all(paths.map(exists))
  return paths.filter((_, index) => there[index])
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  )
}
