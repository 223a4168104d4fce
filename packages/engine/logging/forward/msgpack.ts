/** As much of MessagePack as fluentd's forward protocol takes. */

/** A moment with nanoseconds: fluentd's extension type 0. */
export interface EventTime {
  seconds: number
  nanoseconds: number
}

/** Bytes are written as a string: what a program prints need not be UTF-8. */
export type Packable = string | number | Buffer | EventTime | readonly Packable[] | Map<string, Packable>

/** Encodes a value. Numbers are whole, from 0 to 2³² - 1; a list or map has fewer than 2³² items. */
export function pack(value: Packable): Buffer {
  const parts: Buffer[] = []
  write(value, parts)
  return Buffer.concat(parts)
}

function write(value: Packable, parts: Buffer[]): void {
  if (typeof value === 'string') writeText(Buffer.from(value), parts)
  else if (Buffer.isBuffer(value)) writeText(value, parts)
  else if (typeof value === 'number') parts.push(unsigned(value))
  else if (value instanceof Map) {
    parts.push(head(value.size, { fixed: 0x80, limit: 16, wide: [0xde, 0xdf] }))
    for (const [key, item] of value) {
      write(key, parts)
      write(item, parts)
    }
  } else if ('seconds' in value) {
    const time = Buffer.from([0xd7, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    time.writeUInt32BE(value.seconds, 2)
    time.writeUInt32BE(value.nanoseconds, 6)
    parts.push(time)
  } else {
    parts.push(head(value.length, { fixed: 0x90, limit: 16, wide: [0xdc, 0xdd] }))
    for (const item of value) write(item, parts)
  }
}

function writeText(text: Buffer, parts: Buffer[]): void {
  if (text.length >= 32 && text.length < 256) parts.push(Buffer.from([0xd9, text.length]))
  else parts.push(head(text.length, { fixed: 0xa0, limit: 32, wide: [0xda, 0xdb] }))
  parts.push(text)
}

function head(
  length: number,
  { fixed, limit, wide }: { fixed: number; limit: number; wide: [number, number] },
): Buffer {
  if (length < limit) return Buffer.from([fixed | length])
  return length < 0x10000 ? numbered(wide[0], length, 2) : numbered(wide[1], length, 4)
}

function unsigned(value: number): Buffer {
  if (value < 0x80) return Buffer.from([value])
  if (value < 0x10000) return numbered(0xcd, value, 2)
  return numbered(0xce, value, 4)
}

function numbered(type: number, value: number, bytes: 2 | 4): Buffer {
  const buffer = Buffer.alloc(1 + bytes)
  buffer[0] = type
  buffer.writeUIntBE(value, 1, bytes)
  return buffer
}

/**
 * The strings of a map of strings, which is all that an acknowledgement is, and how many bytes it takes. Null when it is not
 * complete; throws RangeError for anything else.
 */
export function unpackStrings(bytes: Buffer): { map: Map<string, string>; length: number } | null {
  const type = bytes[0]
  if (type === undefined) return null
  if (type >> 4 !== 0x8) throw new RangeError('not a map')
  const map = new Map<string, string>()
  let at = 1
  for (let pairs = type & 0xf; pairs > 0; pairs--) {
    const key = textAt(bytes, at)
    const value = key && textAt(bytes, key.end)
    if (!key || !value) return null
    map.set(key.text, value.text)
    at = value.end
  }
  return { map, length: at }
}

function textAt(bytes: Buffer, at: number): { text: string; end: number } | null {
  const type = bytes[at]
  if (type === undefined) return null
  const sizes: Record<number, number> = { 217: 1, 218: 2, 219: 4, 196: 1, 197: 2, 198: 4 }
  const size = type >> 5 === 0b101 ? 0 : sizes[type]
  if (size === undefined) throw new RangeError('not a string')
  if (bytes.length < at + 1 + size) return null
  const start = at + 1 + size
  const end = start + (size === 0 ? type & 0x1f : bytes.readUIntBE(at + 1, size))
  return bytes.length < end ? null : { text: bytes.toString('utf8', start, end), end }
}
