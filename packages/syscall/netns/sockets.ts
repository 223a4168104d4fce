import { closeSync } from 'node:fs'
import { bind, check } from '../libc.ts'
import { ipBytes } from '../netlink/ip.ts'
import { AddressFamily, newSocket, SocketType } from '../socket.ts'

const bindAddress = bind('int bind(int fd, const void *address, unsigned int length)')
const getsockname = bind('int getsockname(int fd, void *address, void *length)')
const setsockopt = bind('int setsockopt(int fd, int level, int name, const void *value, unsigned int length)')

const protocols = { tcp: 6, udp: 17, sctp: 132 }
const SOL_SOCKET = 1
const SO_REUSEADDR = 2
const SO_RCVBUF = 8
const IPPROTO_IPV6 = 41
const IPV6_V6ONLY = 26

export type TransportProtocol = keyof typeof protocols

export interface SocketAddress {
  address: string
  port: number
}

/**
 * Opens a non-blocking socket of the calling thread's network namespace and binds it; TCP and SCTP ones do not listen
 * yet. IPv6 sockets take IPv6 only. The descriptor is the caller's to close. Throws SystemCallError (`EADDRINUSE`,
 * `EADDRNOTAVAIL`, `EPROTONOSUPPORT`, …); then nothing is left open.
 */
export function openSocket(protocol: TransportProtocol, local: SocketAddress): number {
  return boundSocket(protocol, local, false)
}

/** Like `openSocket` for TCP, on a port that closed connections still linger on (TIME_WAIT) as well. */
export function openReusingSocket(local: SocketAddress): number {
  return boundSocket('tcp', local, true)
}

function boundSocket(protocol: TransportProtocol, local: SocketAddress, reusing: boolean): number {
  const address = encodeAddress(local)
  const family = address.readUInt16LE(0)
  const type = protocol === 'udp' ? SocketType.datagram : SocketType.stream
  const what = `${protocol} ${local.address}:${local.port}`
  const fd = newSocket(family, type | SocketType.nonBlocking, protocols[protocol], what)
  try {
    if (family === AddressFamily.inet6) setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)
    if (reusing) setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1)
    check('bind', bindAddress(fd, address, address.length), what)
    // From here on nobody else may share the port, whatever they set.
    if (reusing) setOption(fd, SOL_SOCKET, SO_REUSEADDR, 0)
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/** Keeps next to nothing of what arrives at a socket that nobody reads. */
export function shrinkReceiveBuffer(fd: number): void {
  setOption(fd, SOL_SOCKET, SO_RCVBUF, 1)
}

/** The port a socket is bound to. */
export function boundPort(fd: number): number {
  const address = Buffer.alloc(28)
  const length = Buffer.from([address.length, 0, 0, 0])
  check('getsockname', getsockname(fd, address, length))
  return address.readUInt16BE(2)
}

function setOption(fd: number, level: number, name: number, value: number): void {
  const buffer = Buffer.alloc(4)
  buffer.writeInt32LE(value)
  check('setsockopt', setsockopt(fd, level, name, buffer, buffer.length))
}

/** struct sockaddr_in or sockaddr_in6. */
function encodeAddress(local: SocketAddress): Buffer {
  const ip = ipBytes(local.address)
  const buffer = Buffer.alloc(ip.length === 4 ? 16 : 28)
  buffer.writeUInt16LE(ip.length === 4 ? AddressFamily.inet : AddressFamily.inet6, 0)
  buffer.writeUInt16BE(local.port, 2)
  buffer.set(ip, ip.length === 4 ? 4 : 8)
  return buffer
}
