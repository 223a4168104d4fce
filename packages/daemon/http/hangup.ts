/**
 * Tells a client that has only finished sending from one that has gone. Both look the same to a reader: end of file.
 * After it, poll(2) still knows: it reports a hang-up once nobody can read what we write.
 */
import type { Duplex } from 'node:stream'
import { bind } from '@gantry/syscall'

const poll = bind('int poll(void *fds, unsigned long nfds, int timeout)')

const POLLERR = 0x008
const POLLHUP = 0x010
const interval = 2_000

/** Destroys the socket when its peer has gone altogether. Does nothing for streams without a descriptor (TLS). */
export function destroyOnHangup(socket: Duplex): void {
  socket.once('end', () => {
    const timer = setInterval(() => {
      if (hasHungUp(socket)) socket.destroy()
    }, interval)
    timer.unref()
    socket.once('close', () => clearInterval(timer))
  })
}

function hasHungUp(socket: Duplex): boolean {
  const descriptor = (socket as { _handle?: { fd?: number } })._handle?.fd
  if (descriptor === undefined || descriptor < 0) return false
  const request = Buffer.alloc(8)
  request.writeInt32LE(descriptor, 0)
  if (poll(request, 1, 0) <= 0) return false
  return (request.readInt16LE(6) & (POLLERR | POLLHUP)) !== 0
}
