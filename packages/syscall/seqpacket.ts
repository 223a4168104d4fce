/**
 * SOCK_SEQPACKET clients as ordinary Node sockets. Node offers no such sockets, and add-ons that do cannot stop
 * reading, so a slow reader would fill memory.
 */
import { closeSync, constants, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { basename, dirname } from 'node:path'
import koffi from 'koffi'
import { bind, check } from './libc.ts'
import { AddressFamily, newSocket, SocketType } from './socket.ts'

const libcSocketPair = bind('int socketpair(int domain, int type, int protocol, _Inout_ uint8_t *pair)')
const libcConnect = bind('int connect(int fd, const uint8_t *address, unsigned int length)')
const libcDup3 = bind('int dup3(int from, int to, int flags)')

const libcReceive = bind(
  'int recvmmsg(int fd, _Inout_ uint8_t *messages, unsigned int count, int flags, void *timeout)',
)

const SOCK_CLOEXEC = 0o2000000
const O_CLOEXEC = 0o2000000
const O_PATH = 0o10000000
const MSG_DONTWAIT = 0x40
/** Bytes from which on more of the kind are expected. */
const longMessage = 4096

export interface SeqpacketOptions {
  /** Longest message that is expected; what is longer is cut off by the kernel. */
  maximumMessage: number
  /**
   * Gets what has arrived, message by message, at most 16 at once. Returning false stops reading until `resume()`. The
   * bytes are only valid during the call.
   */
  onMessages(messages: Uint8Array[]): boolean
}

/**
 * Connects to a SEQPACKET socket at a path of any length. Synchronous, as connect(2) on a unix socket is.
 * The result's `write` sends one message a call: wait for each callback, since Node may join queued writes.
 * Throws SystemCallError: ENOENT, ECONNREFUSED, or EAGAIN when the listener's queue is full.
 */
export function connectSeqpacket(path: string, options: SeqpacketOptions): Socket {
  const fd = newSocket(AddressFamily.unix, SocketType.seqpacket | SocketType.nonBlocking)
  try {
    connect(fd, path)
    return adopt(fd, options)
  } finally {
    closeSync(fd)
  }
}

/** A path may be longer than sun_path's 108 bytes, so the directory is named by a descriptor. */
function connect(fd: number, path: string): void {
  const directory = openSync(dirname(path), O_PATH | constants.O_DIRECTORY)
  try {
    const name = Buffer.from(`/proc/self/fd/${directory}/${basename(path)}\0`)
    const address = Buffer.alloc(2 + name.length)
    address.writeUInt16LE(AddressFamily.unix, 0)
    name.copy(address, 2)
    check('connect', libcConnect(fd, address, address.length), path)
  } finally {
    closeSync(directory)
  }
}

/**
 * Node refuses descriptors whose socket type it does not know, when it takes them over. So it is given one end of a
 * stream pair, and before it begins to read, the connected socket takes that descriptor's place.
 */
function adopt(fd: number, { maximumMessage, onMessages }: SeqpacketOptions): Socket {
  const pair = new Uint8Array(8)
  check(
    'socketpair',
    libcSocketPair(AddressFamily.unix, SocketType.stream | SocketType.nonBlocking | SOCK_CLOEXEC, 0, pair),
  )
  const [ours, other] = new Int32Array(pair.buffer) as unknown as [number, number]
  closeSync(other)
  let further: MessageBatch | null = null
  const socket = new Socket({
    fd: ours,
    readable: true,
    writable: true,
    allowHalfOpen: true,
    onread: {
      buffer: Buffer.alloc(maximumMessage),
      callback: (length, buffer) => {
        const messages = [buffer.subarray(0, length)]
        // Long messages come from a process that says a lot: then one system call for several is worth its memory.
        if (length >= longMessage) further ??= new MessageBatch(maximumMessage)
        if (further) messages.push(...further.receive(ours))
        return onMessages(messages)
      },
    },
  })
  try {
    check('dup3', libcDup3(fd, ours, O_CLOEXEC))
  } catch (error) {
    socket.destroy()
    throw error
  }
  return socket
}

/** Sizes and offsets of `struct iovec` and `struct mmsghdr` on 64-bit machines. */
const iovecSize = 16
const headerSize = 64
const headerLength = 56

/** Room for what waits behind a message, received by one recvmmsg(2). */
class MessageBatch {
  readonly #count = 15
  readonly #slots: Buffer[]
  readonly #vectors: Buffer
  readonly #headers: Buffer

  constructor(maximumMessage: number) {
    this.#slots = Array.from({ length: this.#count }, () => Buffer.allocUnsafeSlow(maximumMessage))
    this.#vectors = Buffer.alloc(this.#count * iovecSize)
    this.#headers = Buffer.alloc(this.#count * headerSize)
    const vectors = koffi.address(this.#vectors)
    this.#slots.forEach((slot, index) => {
      this.#vectors.writeBigUInt64LE(koffi.address(slot), index * iovecSize)
      this.#vectors.writeBigUInt64LE(BigInt(slot.length), index * iovecSize + 8)
      // msg_iov and msg_iovlen
      this.#headers.writeBigUInt64LE(vectors + BigInt(index * iovecSize), index * headerSize + 16)
      this.#headers.writeBigUInt64LE(1n, index * headerSize + 24)
    })
  }

  /** What is there already; an end or an error is left to the next ordinary read. */
  receive(fd: number): Uint8Array[] {
    const received = libcReceive(fd, this.#headers, this.#count, MSG_DONTWAIT, null)
    const messages: Uint8Array[] = []
    for (let index = 0; index < received; index++) {
      const length = this.#headers.readUInt32LE(index * headerSize + headerLength)
      const slot = this.#slots[index]
      if (length === 0 || !slot) break
      messages.push(slot.subarray(0, length))
    }
    return messages
  }
}
