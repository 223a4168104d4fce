import { bind, check } from './libc.ts'

const ioctl = bind('int ioctl(int fd, unsigned long request, _Out_ uint8_t *argument)')

/** asm-generic/ioctls.h; the same on x64 and arm64. */
const FIONREAD = 0x541b

/** How many bytes lie in a pipe or fifo that nobody has read yet; either end may ask. */
export function bytesWaiting(fd: number): number {
  const count = new Uint8Array(4)
  check('ioctl', ioctl(fd, FIONREAD, count), 'FIONREAD')
  return new DataView(count.buffer).getInt32(0, true)
}
