const blockSize = 512
const checksumAt = 148

/** Whether bytes begin with the header of an entry, in any of the formats of tar: its checksum tells. */
export function isTarHeader(bytes: Uint8Array): boolean {
  if (bytes.length < blockSize) return false
  const field = Buffer.from(bytes.subarray(checksumAt, checksumAt + 8))
  const written = Number.parseInt(field.toString('latin1').trim(), 8)
  const sum = bytes.subarray(0, blockSize).reduce((total, byte, at) => {
    return total + (at >= checksumAt && at < checksumAt + 8 ? 0x20 : byte)
  }, 0)
  return sum === written && sum > 8 * 0x20
}
