/** What systemd and the daemon tell each other: sockets handed over (sd_listen_fds) and states (sd_notify). */
import { messageOf } from '@gantry/errors'
import { sendDatagram } from '@gantry/syscall'
import type { Logger } from '../log.ts'

const firstDescriptor = 3

export interface ActivatedSocket {
  fd: number
  /** FileDescriptorName= of the socket unit. */
  name: string
}

/** The sockets that systemd opened for this process. The variables are removed, so that children do not take them. */
export function activatedSockets(environment: NodeJS.ProcessEnv): ActivatedSocket[] {
  const { LISTEN_PID: pid, LISTEN_FDS: count, LISTEN_FDNAMES: names = '' } = environment
  for (const variable of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete environment[variable]
  if (Number(pid) !== process.pid) return []
  const named = names.split(':')
  return Array.from({ length: Number(count) || 0 }, (_, index) => ({
    fd: firstDescriptor + index,
    name: named[index] ?? '',
  }))
}

export type Notification =
  | 'READY=1'
  | 'STOPPING=1'
  | `RELOADING=1\nMONOTONIC_USEC=${bigint}`
  | `STATUS=${string}`

/**
 * Says to systemd what the daemon is doing; does nothing when it was not started by systemd. What cannot be said is logged:
 * it is no reason to stop.
 */
export function createNotifier(
  environment: NodeJS.ProcessEnv,
  log: Pick<Logger, 'warn'>,
): (state: Notification) => void {
  const path = environment.NOTIFY_SOCKET
  delete environment.NOTIFY_SOCKET
  if (!path) return () => {}
  return (state) => {
    try {
      sendDatagram(path, state)
    } catch (error) {
      log.warn('systemd was not told', { state, error: messageOf(error) })
    }
  }
}
