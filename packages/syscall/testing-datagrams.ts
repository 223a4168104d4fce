/** For tests: the receiving end of a unix datagram socket, which Node does not have. */
import { closeSync, fstatSync, readSync, rmSync } from 'node:fs'
import koffi from 'koffi'
import { until } from '../../test/until.ts'
import { bind, check, SystemCallError } from './libc.ts'
import { AddressFamily, newSocket, SocketType } from './socket.ts'

const libcBind = bind('int bind(int fd, const uint8_t *address, unsigned int length)')
const libcRecvmsg = bind('long recvmsg(int fd, _Inout_ uint8_t *message, int flags)')

export interface ReceivedDatagram {
  bytes: Buffer
  /** The content of a file whose descriptor came with it. */
  file: Buffer | undefined
}

export class UnixDatagramServer implements Disposable {
  readonly #fd: number

  constructor(path: string) {
    const name = Buffer.from(`${path}\0`)
    const address = Buffer.alloc(2 + name.length)
    address.writeUInt16LE(AddressFamily.unix, 0)
    name.copy(address, 2)
    rmSync(path, { force: true })
    this.#fd = newSocket(AddressFamily.unix, SocketType.datagram | SocketType.nonBlocking)
    check('bind', libcBind(this.#fd, address, address.length), path)
  }

  /** Waits for so many datagrams. */
  async receive(count: number): Promise<ReceivedDatagram[]> {
    const received: ReceivedDatagram[] = []
    await until(`${count} datagrams`, () => {
      for (let datagram: ReceivedDatagram | null; received.length < count; received.push(datagram)) {
        datagram = this.#receive()
        if (!datagram) return false
      }
      return true
    })
    return received
  }

  #receive(): ReceivedDatagram | null {
    const bytes = Buffer.alloc(300_000)
    const control = Buffer.alloc(24)
    const vector = Buffer.alloc(16)
    vector.writeBigUInt64LE(BigInt(koffi.address(bytes)), 0)
    vector.writeBigUInt64LE(BigInt(bytes.length), 8)
    const header = Buffer.alloc(56)
    header.writeBigUInt64LE(BigInt(koffi.address(vector)), 16)
    header.writeBigUInt64LE(1n, 24)
    header.writeBigUInt64LE(BigInt(koffi.address(control)), 32)
    header.writeBigUInt64LE(BigInt(control.length), 40)
    try {
      const length = check('recvmsg', libcRecvmsg(this.#fd, header, 0))
      const hasFile = header.readBigUInt64LE(40) >= 20n
      return {
        bytes: bytes.subarray(0, length),
        file: hasFile ? contentOf(control.readInt32LE(16)) : undefined,
      }
    } catch (error) {
      if (error instanceof SystemCallError && error.code === 'EAGAIN') return null
      throw error
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd)
  }
}

function contentOf(descriptor: number): Buffer {
  const content = Buffer.alloc(fstatSync(descriptor).size)
  readSync(descriptor, content, 0, content.length, 0)
  closeSync(descriptor)
  return content
}
