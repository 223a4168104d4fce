import { readFileSync } from 'node:fs'

/** What the compiled command hashes with: `node:crypto` takes it longer to load than all else that a build needs. */
interface BunHashing {
  CryptoHasher: { hash(algorithm: 'sha256', text: string, encoding: 'hex'): string }
}

/** Tells a directory apart from others: the same for each build of this user, on this machine, in this directory. */
export function directoryKey(root: string): string {
  const text = JSON.stringify([machineId(), process.getuid?.() ?? 0, root])
  const bun = (globalThis as { Bun?: BunHashing }).Bun
  if (bun) return bun.CryptoHasher.hash('sha256', text, 'hex')
  return process.getBuiltinModule('node:crypto').hash('sha256', text)
}

function machineId(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim()
  } catch {
    return ''
  }
}
