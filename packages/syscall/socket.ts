import { bind, check } from './libc.ts'

const socket = bind('int socket(int domain, int type, int protocol)')

const SOCK_CLOEXEC = 0o2000000

export const AddressFamily = { unix: 1, inet: 2, inet6: 10, netlink: 16 } as const

/** Types of sockets; `nonBlocking` may be added to each. */
export const SocketType = { stream: 1, datagram: 2, raw: 3, seqpacket: 5, nonBlocking: 0o4000 } as const

/** socket(2), close-on-exec. The descriptor is the caller's to close. Throws SystemCallError. */
export function newSocket(family: number, type: number, protocol = 0, detail?: string): number {
  return check('socket', socket(family, type | SOCK_CLOEXEC, protocol), detail)
}
