import { bind, check } from './libc.ts'

const ioctl = bind('int ioctl(int fd, unsigned long request, _Out_ uint8_t *argument)')

/** asm-generic/ioctls.h; the same on x64 and arm64. */
const FIONREAD = 0x541b
/** Also known as SIOCOUTQ. */
const TIOCOUTQ = 0x5411

/** How many bytes lie in a pipe or fifo that nobody has read yet; either end may ask. */
export function bytesWaiting(fd: number): number {
  return ask(fd, FIONREAD, 'FIONREAD')
}

/** How many bytes that were written to a stream socket have not come to the other side: not been acknowledged, or (unix) not read. */
export function bytesUnsent(fd: number): number {
  return ask(fd, TIOCOUTQ, 'TIOCOUTQ')
}

function ask(fd: number, request: number, name: string): number {
  const count = new Uint8Array(4)
  check('ioctl', ioctl(fd, request, count), name)
  return new DataView(count.buffer).getInt32(0, true)
}
