/** Values as ssh writes them (RFC 4251, section 5). */

/** A string: its length and its bytes. */
export function sshString(value: string | Uint8Array): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value
  return Buffer.concat([uint32(bytes.length), bytes])
}

/** A number of four bytes. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** An mpint that is not negative, from its bytes. */
export function mpint(value: Uint8Array): Buffer {
  const start = value.findIndex((byte) => byte !== 0)
  const bytes = start < 0 ? Buffer.alloc(0) : Buffer.from(value.subarray(start))
  const needsZero = (bytes[0] ?? 0) >= 0x80
  return sshString(needsZero ? Buffer.concat([Buffer.of(0), bytes]) : bytes)
}

/** Reads values one after the other. Every method throws Error when the bytes end before the value. */
export class SshReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** That many bytes as they are. */
  take(length: number): Buffer {
    if (length > this.#bytes.length - this.#at) throw new Error('it ends too early')
    const found = this.#bytes.subarray(this.#at, this.#at + length)
    this.#at += length
    return found
  }

  uint32(): number {
    return this.take(4).readUInt32BE()
  }

  string(): Buffer {
    return this.take(this.uint32())
  }

  text(): string {
    return this.string().toString('latin1')
  }

  /** An mpint's bytes without leading zeros. */
  number(): Buffer {
    const bytes = this.string()
    const start = bytes.findIndex((byte) => byte !== 0)
    return start < 0 ? Buffer.alloc(0) : bytes.subarray(start)
  }
}
