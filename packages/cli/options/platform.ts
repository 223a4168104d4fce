/** `--platform os[/architecture[/variant]]`. */

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
