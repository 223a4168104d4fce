/** The operating systems that exist, each with its processors: what a manifest list may say of an image. */
const architectures: Readonly<Record<string, string>> = {
  aix: 'ppc64',
  android: '386 amd64 arm arm64',
  darwin: '386 amd64 arm arm64',
  dragonfly: 'amd64',
  freebsd: '386 amd64 arm arm64',
  illumos: 'amd64',
  ios: 'amd64 arm64',
  js: 'wasm',
  linux: '386 amd64 arm arm64 loong64 mips mips64 mips64le mipsle ppc64 ppc64le riscv64 s390x',
  netbsd: '386 amd64 arm arm64',
  openbsd: '386 amd64 arm arm64 mips64',
  plan9: '386 amd64 arm',
  solaris: 'amd64',
  wasip1: 'wasm',
  windows: '386 amd64 arm arm64',
  zos: 's390x',
}

/** Whether Go runs on that operating system and processor: Docker refuses to annotate with others. */
export function isKnownPlatform(os: string, architecture: string): boolean {
  return Object.hasOwn(architectures, os) && (architectures[os] ?? '').split(' ').includes(architecture)
}
