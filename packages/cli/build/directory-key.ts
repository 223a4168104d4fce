import { bun, readSmallFile } from '@gantry/client'

/** Tells a directory apart from others: the same for each build of this user, on this machine, in this directory. */
export function directoryKey(root: string): string {
  const text = JSON.stringify([machineId(), process.getuid?.() ?? 0, root])
  // `node:crypto` takes the compiled command longer to load than all else that a build needs.
  if (bun) return bun.CryptoHasher.hash('sha256', text, 'hex')
  return process.getBuiltinModule('node:crypto').hash('sha256', text)
}

function machineId(): string {
  try {
    return readSmallFile('/etc/machine-id').trim()
  } catch {
    return ''
  }
}
