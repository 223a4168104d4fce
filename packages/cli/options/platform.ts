/** `--platform os[/architecture[/variant]]`. */
import { arch } from 'node:os'

const systems = new Set(
  'aix android darwin dragonfly freebsd illumos ios js linux netbsd openbsd plan9 solaris wasip1 windows zos'.split(
    ' ',
  ),
)
const architectures = new Set(
  '386 amd64 arm arm64 loong64 mips mipsle mips64 mips64le ppc64 ppc64le riscv64 s390x wasm x86_64 x86-64 i386 aarch64 armhf armel armv5 armv6 armv7 armv8'.split(
    ' ',
  ),
)

/** Rejects what cannot name a platform. Throws RangeError with Docker's words. */
export function checkPlatform(text: string): void {
  const problem = (reason: string) =>
    new RangeError(`error parsing specified platform: ${JSON.stringify(text)}: ${reason}: invalid argument`)
  const parts = text.split('/')
  if (parts.length > 3) throw problem('cannot parse platform specifier')
  for (const part of parts) {
    if (!/^[A-Za-z0-9_.-]+$/.test(part)) {
      throw new RangeError(
        `error parsing specified platform: ${JSON.stringify(part)} is an invalid component of ${JSON.stringify(text)}: platform specifier component must match "^[A-Za-z0-9_.-]+$": invalid argument`,
      )
    }
  }
  const [first = ''] = parts
  const known = systems.has(first.toLowerCase()) || architectures.has(first.toLowerCase())
  if (parts.length === 1 && !known) throw problem('unknown operating system or architecture')
}

/**
 * The platform in full, `linux/arm/v7`: what is not given is Linux and this machine's architecture. Throws as
 * checkPlatform.
 */
export function parsePlatform(text: string): string {
  checkPlatform(text)
  const parts = text.split('/')
  const [first = '', second = '', third = ''] = parts
  if (parts.length > 1) return joined(first.toLowerCase(), second, third)
  if (systems.has(first.toLowerCase()))
    return joined(first.toLowerCase(), arch() === 'x64' ? 'amd64' : arch(), '')
  return joined('linux', first, '')
}

const otherNames: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  'x86-64': 'amd64',
  i386: '386',
  aarch64: 'arm64',
  armhf: 'arm/v7',
  armel: 'arm/v6',
  armv5: 'arm/v5',
  armv6: 'arm/v6',
  armv7: 'arm/v7',
  armv8: 'arm/v8',
}

function joined(system: string, architecture: string, variant: string): string {
  const [name, itsVariant = ''] = (
    otherNames[architecture.toLowerCase()] ?? architecture.toLowerCase()
  ).split('/')
  const shown = (variant || itsVariant).toLowerCase().replace(/^(?=\d)/, 'v')
  return [system, name, name === 'arm64' && shown === 'v8' ? '' : shown].filter(Boolean).join('/')
}
