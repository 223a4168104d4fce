/** CRC-32 as bzip2 has it: the polynomial of zlib's, but the highest bit first. */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24
  for (let bit = 0; bit < 8; bit++) value = value & 0x80000000 ? (value << 1) ^ 0x04c11db7 : value << 1
  return value >>> 0
})

/** The sum so far (all ones at first, to be inverted at the end) and more bytes. */
export function checksum(sum: number, bytes: Uint8Array): number {
  let value = sum
  for (let at = 0; at < bytes.length; at++) {
    value = (value << 8) ^ (table[(value >>> 24) ^ (bytes[at] as number)] as number)
  }
  return value >>> 0
}
