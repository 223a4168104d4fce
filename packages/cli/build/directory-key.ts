import { readFileSync } from 'node:fs'

/** Tells a directory apart from others: the same for each build of this user, on this machine, in this directory. */
export async function directoryKey(root: string): Promise<string> {
  const text = JSON.stringify([machineId(), process.getuid?.() ?? 0, root])
  const digest = await crypto.subtle.digest('SHA-256', Buffer.from(text))
  return Buffer.from(digest).toString('hex')
}

function machineId(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim()
  } catch {
    return ''
  }
}
