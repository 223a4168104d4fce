import { closeSync } from 'node:fs'
import type { KoffiFunc } from 'koffi'
import { bind, check, SystemCallError } from '../libc.ts'
import { AddressFamily, newSocket, SocketType } from '../socket.ts'
import { align, decodeAttributes, textOf } from './attributes.ts'

const send = bind('long send(int fd, const void *buffer, size_t length, int flags)')
const recv = bind('long recv(int fd, void *buffer, size_t length, int flags)')
const setsockopt = bind('int setsockopt(int fd, int level, int name, const void *value, unsigned int length)')

const NETLINK_ROUTE = 0
const SOL_NETLINK = 270
const NETLINK_CAP_ACK = 10
const NETLINK_EXT_ACK = 11
const NETLINK_GET_STRICT_CHK = 12

const NLMSG_ERROR = 2
const NLMSG_DONE = 3
const NLM_F_REQUEST = 0x1
const NLM_F_ACK = 0x4
const NLM_F_DUMP = 0x300
const NLM_F_DUMP_INTR = 0x10
const NLM_F_ACK_TLVS = 0x200
const NLMSGERR_ATTR_MSG = 1
const EINTR = 4
const headerLength = 16

/** A message: its type, and what follows the header (a fixed structure, then attributes). */
export interface Message {
  type: number
  payload: Buffer
}

/**
 * A netlink socket of the network namespace in which it was opened; it stays there wherever its user goes. Requests are
 * synchronous: the kernel handles them within `send`, and the answer is there when it returns.
 */
export class NetlinkSocket implements Disposable {
  #fd: number
  #sequence = 0
  #buffer = Buffer.alloc(64 * 1024)

  /** Opens a socket of `protocol` (netlink(7)), rtnetlink without one. Throws SystemCallError. */
  constructor(protocol = NETLINK_ROUTE) {
    this.#fd = newSocket(AddressFamily.netlink, SocketType.raw, protocol, 'AF_NETLINK')
    const on = Buffer.from([1, 0, 0, 0])
    // Better error messages and stricter filters where the kernel has them; nothing is lost where it has not.
    for (const name of [NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK])
      setsockopt(this.#fd, SOL_NETLINK, name, on, on.length)
  }

  /** Sends one request and waits for its acknowledgement. `what` names it in the SystemCallError of a refusal. */
  request(what: string, type: number, flags: number, payload: Uint8Array): void {
    this.#send(what, type, flags | NLM_F_ACK, payload)
    this.#receive(what, () => {})
  }

  /**
   * Like `request`, but the kernel's work is done on another thread: for the few requests that take tens of milliseconds.
   * The socket is not to be used for anything else meanwhile.
   */
  async requestInBackground(what: string, type: number, flags: number, payload: Uint8Array): Promise<void> {
    const message = this.#message(type, flags | NLM_F_ACK, payload)
    const sent = await new Promise<number>((resolve, reject) => {
      const done = (error: Error | null, result: number) => (error ? reject(error) : resolve(result))
      ;(send as KoffiFunc<typeof send>).async(this.#fd, message, message.length, 0, done)
    })
    check('netlink', sent, what)
    this.#receive(what, () => {})
  }

  /** Asks for a list. Starts again when the kernel says that the list changed under its hands. */
  dump(what: string, type: number, payload: Uint8Array): Message[] {
    for (;;) {
      const messages: Message[] = []
      this.#send(what, type, NLM_F_DUMP, payload)
      if (this.#receive(what, (message) => messages.push(message))) return messages
    }
  }

  /** Idempotent; what is asked afterwards fails with EBADF. */
  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd)
    this.#fd = -1
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #send(what: string, type: number, flags: number, payload: Uint8Array): void {
    const message = this.#message(type, flags, payload)
    check('netlink', send(this.#fd, message, message.length, 0), what)
  }

  #message(type: number, flags: number, payload: Uint8Array): Buffer {
    const message = Buffer.alloc(headerLength + payload.length)
    message.writeUInt32LE(message.length, 0)
    message.writeUInt16LE(type, 4)
    message.writeUInt16LE(flags | NLM_F_REQUEST, 6)
    message.writeUInt32LE(++this.#sequence, 8)
    message.set(payload, headerLength)
    return message
  }

  /** Reads to the end of the current answer; false when it is not a consistent one and should be asked for again. */
  #receive(what: string, take: (message: Message) => void): boolean {
    let consistent = true
    for (;;) {
      const datagram = this.#buffer.subarray(0, this.#read(what))
      for (let offset = 0; offset + headerLength <= datagram.length; ) {
        const length = datagram.readUInt32LE(offset)
        const type = datagram.readUInt16LE(offset + 4)
        const flags = datagram.readUInt16LE(offset + 6)
        const payload = datagram.subarray(offset + headerLength, offset + length)
        const current = datagram.readUInt32LE(offset + 8) === this.#sequence
        offset += align(length)
        if (!current) continue // the rest of an answer that somebody gave up on
        if (flags & NLM_F_DUMP_INTR) consistent = false
        if (type === NLMSG_ERROR || type === NLMSG_DONE) {
          throwRefusal(what, flags, payload)
          return consistent
        }
        take({ type, payload: Buffer.from(payload) })
      }
    }
  }

  #read(what: string): number {
    for (;;) {
      try {
        return check('netlink', recv(this.#fd, this.#buffer, this.#buffer.length, 0), what)
      } catch (error) {
        if (!(error instanceof SystemCallError) || error.errno !== EINTR) throw error
      }
    }
  }
}

/** NLMSG_ERROR and NLMSG_DONE both begin with a negated errno; zero is success. */
function throwRefusal(what: string, flags: number, payload: Buffer): void {
  const errno = payload.length >= 4 ? -payload.readInt32LE(0) : 0
  if (errno === 0) return
  throw new SystemCallError('netlink', errno, what + explanation(flags, payload))
}

/** The kernel's own words (extended acknowledgement), which follow the error and the header of the request. */
function explanation(flags: number, payload: Buffer): string {
  if (!(flags & NLM_F_ACK_TLVS) || payload.length < 4 + headerLength) return ''
  const message = decodeAttributes(payload.subarray(4 + headerLength)).get(NLMSGERR_ATTR_MSG)
  return message ? ` (${textOf(message)})` : ''
}
