import { checkPlatform } from '../../options/platform.ts'

/** The other names of architectures, and the variants that those names include. */
const architectures: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  'x86-64': 'amd64',
  i386: '386',
  aarch64: 'arm64',
  armhf: 'arm/v7',
  armel: 'arm/v6',
}

/** `linux/arm64/v8` as the API takes it: JSON of an OCI platform. Throws RangeError with Docker's words. */
export function encodePlatform(text: string): string {
  checkPlatform(text)
  const parts = text.toLowerCase().split('/')
  // A single word may be either: `arm64` means Linux on it.
  const [os = '', architecture, variant] =
    parts.length === 1 && isArchitecture(parts[0]) ? ['linux', ...parts] : parts
  const [name, implied] = (architectures[architecture ?? ''] ?? architecture ?? '').split('/')
  const detail = variant ?? implied
  return JSON.stringify({ architecture: name, os, ...(detail && { variant: detail }) })
}

const isArchitecture = (word = ''): boolean =>
  word in architectures ||
  /^(?:amd64|386|arm|arm64|ppc64|ppc64le|riscv64|s390x|mips\w*|loong64|wasm)$/.test(word)
