/** Datagram sockets of the unix domain, which Node does not have. */
import { closeSync } from 'node:fs'
import koffi from 'koffi'
import { bind, check, SystemCallError } from './libc.ts'
import { AddressFamily, newSocket, SocketType } from './socket.ts'

const libcConnect = bind('int connect(int fd, const uint8_t *address, unsigned int length)')
const libcSend = bind('long send(int fd, const uint8_t *message, size_t length, int flags)')
const libcSendto = bind(
  'long sendto(int fd, const uint8_t *message, size_t length, int flags, const uint8_t *address, unsigned int addressLength)',
)
const libcSendmsg = bind('long sendmsg(int fd, const uint8_t *message, int flags)')

const MSG_NOSIGNAL = 0x4000
const ENAMETOOLONG = 36
const SOL_SOCKET = 1
const SCM_RIGHTS = 1
/** Of `struct msghdr`, and of `struct cmsghdr` with one descriptor, on 64-bit machines. */
const messageHeaderBytes = 56
const controlBytes = 24

/** A connected sender. Its calls return at once. */
export class UnixDatagramSender implements Disposable {
  readonly #fd: number

  /** Throws SystemCallError: ENOENT, ECONNREFUSED, EPROTOTYPE (it is a stream socket), ENAMETOOLONG. */
  constructor(path: string) {
    const address = addressOf(Buffer.from(`${path}\0`), path)
    this.#fd = newSocket(AddressFamily.unix, SocketType.datagram | SocketType.nonBlocking)
    try {
      check('connect', libcConnect(this.#fd, address, address.length), path)
    } catch (error) {
      closeSync(this.#fd)
      throw error
    }
  }

  /** False when the receiver's queue is full. Throws SystemCallError: EMSGSIZE for what is too long, ECONNREFUSED, …. */
  send(message: Uint8Array): boolean {
    return isTaken('send', libcSend(this.#fd, message, message.length, MSG_NOSIGNAL))
  }

  /** An empty message that carries a descriptor (SCM_RIGHTS); otherwise as `send`. */
  sendDescriptor(descriptor: number): boolean {
    const control = Buffer.alloc(controlBytes)
    control.writeBigUInt64LE(20n, 0)
    control.writeInt32LE(SOL_SOCKET, 8)
    control.writeInt32LE(SCM_RIGHTS, 12)
    control.writeInt32LE(descriptor, 16)
    const header = Buffer.alloc(messageHeaderBytes)
    header.writeBigUInt64LE(BigInt(koffi.address(control)), 32)
    header.writeBigUInt64LE(BigInt(controlBytes), 40)
    return isTaken('sendmsg', libcSendmsg(this.#fd, header, MSG_NOSIGNAL))
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd)
  }
}

/**
 * Sends one datagram, and waits where the receiver's queue is full. A leading `@` stands for the abstract namespace, as
 * systemd writes it. Throws SystemCallError.
 */
export function sendDatagram(path: string, text: string): void {
  const address = addressOf(Buffer.from(path.startsWith('@') ? `\0${path.slice(1)}` : `${path}\0`), path)
  const fd = newSocket(AddressFamily.unix, SocketType.datagram)
  try {
    const data = Buffer.from(text)
    check('sendto', libcSendto(fd, data, data.length, MSG_NOSIGNAL, address, address.length), path)
  } finally {
    closeSync(fd)
  }
}

/** struct sockaddr_un. */
function addressOf(name: Buffer, path: string): Buffer {
  if (name.length > 108) throw new SystemCallError('connect', ENAMETOOLONG, path)
  const address = Buffer.alloc(2 + name.length)
  address.writeUInt16LE(AddressFamily.unix, 0)
  name.copy(address, 2)
  return address
}

function isTaken(call: string, result: number): boolean {
  try {
    check(call, result)
    return true
  } catch (error) {
    const { code } = error as SystemCallError
    if (code === 'EAGAIN') return false
    throw error
  }
}
