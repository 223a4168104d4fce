import { closeSync } from 'node:fs'
import koffi from 'koffi'
import { bind, check } from '../libc.ts'
import { AddressFamily, newSocket, SocketType } from '../socket.ts'

const ioctl = bind('int ioctl(int fd, unsigned long request, void *argument)')

const SIOCETHTOOL = 0x8946
const ETHTOOL_GLINK = 0xa
const nameLength = 16

/**
 * Whether an interface of the calling thread's namespace has a carrier. Asking has an effect: a change of the carrier that
 * the kernel has noted but not yet acted on (it does so later, on a thread of its own, and frames are dropped till then) is
 * acted on before the answer (Linux 6.8 and later). Throws SystemCallError.
 */
export function hasCarrier(name: string): boolean {
  const fd = newSocket(AddressFamily.inet, SocketType.datagram)
  try {
    // struct ethtool_value, and struct ifreq that points to it.
    const value = Buffer.alloc(8)
    value.writeUInt32LE(ETHTOOL_GLINK)
    const request = Buffer.alloc(40)
    request.write(name.slice(0, nameLength - 1))
    request.writeBigUInt64LE(BigInt(koffi.address(value)), nameLength)
    check('ioctl', ioctl(fd, SIOCETHTOOL, request), `SIOCETHTOOL ${name}`)
    return value.readUInt32LE(4) !== 0
  } finally {
    closeSync(fd)
  }
}
