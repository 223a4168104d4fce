/** Platforms as `os/architecture[/variant]`, in the normal form that image indexes use (containerd platforms). */
import { GantryError } from '@gantry/errors'

export interface Platform {
  os: string
  architecture: string
  variant?: string
  /** Of Windows; told on, and not looked at. */
  'os.version'?: string
  'os.features'?: string[]
}

const systems = new Set(
  'aix android darwin dragonfly freebsd illumos ios js linux netbsd openbsd plan9 solaris wasip1 windows zos'.split(
    ' ',
  ),
)
const architectures = new Set(
  '386 amd64 arm arm64 loong64 mips mips64 mips64le mipsle ppc64 ppc64le riscv64 s390x wasm'.split(' '),
)
const architectureOfNode: Record<string, string> = {
  x64: 'amd64',
  ia32: '386',
  mipsel: 'mipsle',
  loong64: 'loong64',
}

/** The platform that images for this machine have. */
export function hostPlatform(architecture: string = process.arch): Platform {
  return normalizePlatform({ os: 'linux', architecture: architectureOfNode[architecture] ?? architecture })
}

const systemPattern = /^([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.-]*)\))?$/
const componentPattern = /^[A-Za-z0-9_.-]+$/

/**
 * Parses `linux/arm64/v8`, `linux/amd64`, `linux` or `arm64`; a version of the system (`windows(10)/amd64`) is passed over. Throws
 * InvalidParameter with containerd's words.
 */
export function parsePlatform(text: string, host: Platform = hostPlatform()): Platform {
  const problem = (reason: string) => new GantryError('InvalidParameter', `${reason}: invalid argument`)
  const [system = '', second, variant, ...more] = text.split('/')
  const first = systemPattern.exec(system)?.[1]
  if (first === undefined)
    throw problem(
      `${JSON.stringify(system)} is an invalid OS component of ${JSON.stringify(text)}: OSAndVersion specifier component must match ${JSON.stringify(systemPattern.source)}`,
    )
  for (const part of [second, variant, ...more]) {
    if (part !== undefined && !componentPattern.test(part))
      throw problem(
        `${JSON.stringify(part)} is an invalid component of ${JSON.stringify(text)}: platform specifier component must match ${JSON.stringify(componentPattern.source)}`,
      )
  }
  // Names such as `..` are nobody's platform, and have no business in paths.
  if (more.length > 0 || /(^|\/)\.+(\/|$)/.test(text))
    throw problem(`${JSON.stringify(text)}: cannot parse platform specifier`)
  if (second !== undefined)
    return normalizePlatform({ os: first, architecture: second, ...(variant && { variant }) })
  const os = systemName(first)
  if (systems.has(os)) return { ...host, os }
  const guess = normalizePlatform({ os: host.os, architecture: first })
  if (architectures.has(guess.architecture)) return guess
  throw problem(`${JSON.stringify(text)}: unknown operating system or architecture`)
}

/** `linux/arm/v7`. */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant ? [variant] : [])].join('/')
}

/** One spelling for each platform: `x86_64` is `amd64`, `arm64/v8` is `arm64`, `arm` is `arm/v7`. */
export function normalizePlatform({ os, architecture, variant }: Platform): Platform {
  const cpu = normalizedCpu(architecture.toLowerCase(), variant?.toLowerCase() ?? '')
  return { os: systemName(os), architecture: cpu[0], ...(cpu[1] && { variant: cpu[1] }) }
}

function systemName(os: string): string {
  return os.toLowerCase() === 'macos' ? 'darwin' : os.toLowerCase()
}

function normalizedCpu(architecture: string, variant: string): [string, string] {
  switch (architecture) {
    case 'i386':
      return ['386', '']
    case 'x86_64':
    case 'x86-64':
    case 'amd64':
      return ['amd64', variant === 'v1' ? '' : variant]
    case 'aarch64':
    case 'arm64':
      return ['arm64', variant === '8' || variant === 'v8' ? '' : variant]
    case 'armhf':
      return ['arm', 'v7']
    case 'armel':
      return ['arm', 'v6']
    case 'arm':
      return ['arm', variant === '' ? 'v7' : variant.replace(/^([5-8])$/, 'v$1')]
    default:
      return [architecture, variant]
  }
}

/** Whether an image for `offered` is what a request for `wanted` means. */
export function samePlatform(wanted: Platform, offered: Platform): boolean {
  const a = normalizePlatform(wanted)
  const b = normalizePlatform(offered)
  return a.os === b.os && a.architecture === b.architecture && (a.variant ?? '') === (b.variant ?? '')
}

/**
 * The index of the best offer for a machine: its own platform first, then what its processor runs as well.
 * -1 when nothing fits.
 */
export function bestMatch(host: Platform, offers: readonly Platform[]): number {
  for (const candidate of runnableOn(normalizePlatform(host))) {
    const found = offers.findIndex((offer) => samePlatform(candidate, offer))
    if (found >= 0) return found
  }
  return -1
}

function runnableOn(host: Platform): Platform[] {
  const { os, architecture, variant } = host
  const arm = (from: number): Platform[] =>
    [8, 7, 6, 5].filter((v) => v <= from).map((v) => ({ os, architecture: 'arm', variant: `v${v}` }))
  if (architecture === 'amd64') {
    const level = Number(variant?.slice(1) ?? 1)
    const levels = [4, 3, 2].filter((v) => v <= level).map((v) => ({ os, architecture, variant: `v${v}` }))
    return [...levels, { os, architecture }, { os, architecture: '386' }]
  }
  if (architecture === 'arm64') return [host, { os, architecture }, ...arm(8)]
  if (architecture === 'arm') return arm(Number(variant?.slice(1) ?? 7))
  return [host]
}
