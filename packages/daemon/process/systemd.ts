/** What systemd and the daemon tell each other: sockets handed over (sd_listen_fds) and states (sd_notify). */
import { bind, check } from '@gantry/syscall'

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

/** Says to systemd what the daemon is doing; does nothing when it was not started by systemd. */
export function createNotifier(environment: NodeJS.ProcessEnv): (state: Notification) => void {
  const path = environment.NOTIFY_SOCKET
  delete environment.NOTIFY_SOCKET
  if (!path) return () => {}
  return (state) => sendDatagram(path, state)
}

const AF_UNIX = 1
const SOCK_DGRAM = 2
const SOCK_CLOEXEC = 0o2000000
const MSG_NOSIGNAL = 0x4000

const socket = bind('int socket(int domain, int type, int protocol)')
const sendto = bind(
  'long sendto(int fd, const void *buf, size_t len, int flags, const void *addr, unsigned int addrlen)',
)
const close = bind('int close(int fd)')

/** Sends one datagram to a unix socket; a leading `@` stands for the abstract namespace. */
function sendDatagram(path: string, text: string): void {
  const name = Buffer.from(path)
  if (path.startsWith('@')) name[0] = 0
  const address = Buffer.alloc(2 + name.length + (path.startsWith('@') ? 0 : 1))
  address.writeUInt16LE(AF_UNIX, 0)
  name.copy(address, 2)
  const fd = check('socket', socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0))
  try {
    const data = Buffer.from(text)
    check('sendto', sendto(fd, data, data.length, MSG_NOSIGNAL, address, address.length), path)
  } finally {
    close(fd)
  }
}
