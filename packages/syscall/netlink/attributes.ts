/**
 * Netlink attributes (TLVs): a 16-bit length that counts its own header, a 16-bit type, the value, padding to four bytes.
 * Numbers are in the host's byte order; Gantry runs on little-endian machines (x64, arm64) only.
 */

/** One attribute: raw bytes, or the attributes nested in it. */
export interface Attribute {
  type: number
  value: Uint8Array | readonly Attribute[]
}

const headerLength = 4
const nestedFlag = 0x8000
const typeMask = 0x3fff

/** Raw bytes: an address, a name without a NUL, a structure. */
export const bytes = (type: number, value: Uint8Array): Attribute => ({ type, value })
/** Attributes inside one; NLA_F_NESTED is set when it is written. */
export const nest = (type: number, value: readonly Attribute[]): Attribute => ({ type, value })
/** A NUL-terminated string. */
export const text = (type: number, value: string): Attribute => ({ type, value: Buffer.from(`${value}\0`) })
/** A number of one byte. */
export const u8 = (type: number, value: number): Attribute => ({ type, value: Uint8Array.of(value) })

/** Little endian, as the machines that this runs on. */
export function u32(type: number, value: number): Attribute {
  const buffer = Buffer.alloc(4)
  buffer.writeUInt32LE(value)
  return { type, value: buffer }
}

/** NLA_ALIGN: the length with its padding, after which the next attribute begins. */
export const align = (length: number): number => (length + 3) & ~3

/** The attributes one after another, each padded to four bytes. */
export function encodeAttributes(attributes: readonly Attribute[]): Buffer {
  return Buffer.concat(attributes.map(encodeAttribute))
}

function encodeAttribute(attribute: Attribute): Buffer {
  const nested = Array.isArray(attribute.value)
  const value = nested
    ? encodeAttributes(attribute.value as readonly Attribute[])
    : (attribute.value as Uint8Array)
  const buffer = Buffer.alloc(align(headerLength + value.length))
  buffer.writeUInt16LE(headerLength + value.length, 0)
  buffer.writeUInt16LE(nested ? attribute.type | nestedFlag : attribute.type, 2)
  buffer.set(value, headerLength)
  return buffer
}

/** Values by type, without the flag bits. The last of equal types wins. Throws RangeError for a length that cannot be. */
export function decodeAttributes(buffer: Buffer): Map<number, Buffer> {
  const attributes = new Map<number, Buffer>()
  for (let offset = 0; offset + headerLength <= buffer.length; ) {
    const length = buffer.readUInt16LE(offset)
    if (length < headerLength || offset + length > buffer.length)
      throw new RangeError(`netlink attribute of ${length} bytes at ${offset} of ${buffer.length}`)
    const type = buffer.readUInt16LE(offset + 2) & typeMask
    attributes.set(type, buffer.subarray(offset + headerLength, offset + length))
    offset += align(length)
  }
  return attributes
}

/** A string value without its terminating NUL. */
export function textOf(value: Buffer): string {
  const end = value.indexOf(0)
  return value.toString('utf8', 0, end === -1 ? value.length : end)
}
