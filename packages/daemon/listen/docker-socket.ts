import { access, realpath } from 'node:fs/promises'
import { probeSocket } from './unix-socket.ts'

/** Where Docker's clients look unless told otherwise. */
export const dockerSocket = '/var/run/docker.sock'

/** Units whose presence here means that another engine starts with the machine and expects its socket. */
const dockerUnits = [
  '/etc/systemd/system/sockets.target.wants/docker.socket',
  '/etc/systemd/system/multi-user.target.wants/docker.service',
]

/** Whether Docker's own socket is free for us; if not, `reason` says why. */
export async function dockerSocketIsFree(): Promise<{ free: true } | { free: false; reason: string }> {
  const state = await probeSocket(await resolved(dockerSocket))
  if (state === 'served') return { free: false, reason: 'another engine is listening there' }
  if (state === 'other') return { free: false, reason: 'a file that is no socket is in the way' }
  if (await exists('/run/systemd/system')) {
    for (const unit of dockerUnits)
      if (await exists(unit)) return { free: false, reason: 'Docker is enabled on this machine' }
  }
  return { free: true }
}

/** The kernel lists sockets by the path they were bound to; /var/run is a link to /run. */
async function resolved(path: string): Promise<string> {
  return realpath(path).catch(() => path)
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
