/** The fields of a 512-byte tar header: text, octal and base-256 numbers, the checksum. */
import { GantryError } from '@gantry/errors'
import { textOfName } from './names.ts'

export const blockSize = 512

/** Bytes up to the first NUL. */
export function textField(block: Buffer, offset: number, length: number): Buffer {
  const field = block.subarray(offset, offset + length)
  const end = field.indexOf(0)
  return end < 0 ? field : field.subarray(0, end)
}

/** The same as a file name, as `textOfName` has it. */
export function nameField(block: Buffer, offset: number, length: number): string {
  let end = offset
  let bits = 0
  for (; end < offset + length && block[end] !== 0; end++) bits |= block[end] as number
  return bits < 0x80 ? block.toString('latin1', offset, end) : textOfName(block.subarray(offset, end))
}

/** An octal number, or GNU's base-256 (first bit set; second bit: negative). Throws InvalidParameter. */
export function numberField(block: Buffer, offset: number, length: number): number {
  const first = block[offset] as number
  if (first & 0x80) return base256(block.subarray(offset, offset + length))
  let at = offset
  let end = offset
  while (end < offset + length && block[end] !== 0) end++
  while (at < end && isBlank(block[at] as number)) at++
  while (end > at && isBlank(block[end - 1] as number)) end--
  let value = 0
  for (; at < end; at++) {
    const digit = (block[at] as number) - 0x30
    if (digit < 0 || digit > 7) throw badHeader()
    value = value * 8 + digit
  }
  return value
}

/** Space, tab, newline and their like. */
const isBlank = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)

function base256(field: Buffer): number {
  const negative = ((field[0] as number) & 0x40) !== 0
  let value = 0n
  for (const [index, byte] of field.entries()) {
    const digit = negative ? byte ^ 0xff : byte
    value = (value << 8n) | BigInt(index === 0 ? digit & 0x7f : digit)
  }
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw badHeader()
  return negative ? -Number(value) - 1 : Number(value)
}

/** Whether the header's checksum holds, summed as unsigned bytes (POSIX) or signed ones (old tars). */
export function checksumHolds(block: Buffer): boolean {
  const stated = numberField(block, 148, 8)
  let unsigned = 8 * 0x20
  let high = 0
  for (let at = 0; at < blockSize; at++) {
    if (at === 148) at = 156
    const byte = block[at] as number
    unsigned += byte
    if (byte > 127) high++
  }
  return stated === unsigned || stated === unsigned - 256 * high
}

/** Writes the checksum of an otherwise complete header. */
export function writeChecksum(block: Buffer): void {
  block.fill(0x20, 148, 156)
  let sum = 0
  for (const byte of block) sum += byte
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
}

/** For a header whose checksum or numbers are wrong, in the words of Go's `archive/tar`. */
export const badHeader = (): GantryError =>
  new GantryError('InvalidParameter', 'archive/tar: invalid tar header')

/** For an archive that ends within a header or a file, in Go's words. */
export const truncated = (): GantryError => new GantryError('InvalidParameter', 'unexpected EOF')

/** Bytes from the end of the content to the next block. */
export const padding = (size: number): number => (blockSize - (size % blockSize)) % blockSize
