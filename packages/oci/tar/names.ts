/**
 * File names are bytes. Most are UTF-8; those that are not are kept by mapping each stray byte 0x80–0xFF to the lone
 * surrogate U+DC80–U+DCFF (Python's "surrogateescape"), so that a name survives being a string.
 */
import { isUtf8 } from 'node:buffer'

/** Decodes the bytes of a name without loss. */
export function textOfName(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (isUtf8(buffer)) return buffer.toString('utf8')
  let text = ''
  for (let at = 0; at < buffer.length; ) {
    const length = sequenceLength(buffer, at)
    if (length > 0) text += buffer.toString('utf8', at, at + length)
    else text += String.fromCharCode(0xdc00 + (buffer[at] as number))
    at += Math.max(length, 1)
  }
  return text
}

/** The bytes that `textOfName` decoded. */
export function bytesOfName(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text, 'utf8')
  const parts: Buffer[] = []
  for (const char of text) {
    const code = char.charCodeAt(0)
    const isEscape = char.length === 1 && code >= 0xdc80 && code <= 0xdcff
    parts.push(isEscape ? Buffer.from([code - 0xdc00]) : Buffer.from(char, 'utf8'))
  }
  return Buffer.concat(parts)
}

/** Length of the UTF-8 sequence at `at`; 0 when there is none. */
function sequenceLength(buffer: Buffer, at: number): number {
  for (let length = 1; length <= 4 && at + length <= buffer.length; length++) {
    if (isUtf8(buffer.subarray(at, at + length))) return length
  }
  return 0
}
