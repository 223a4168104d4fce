/**
 * A complete static program that only ends with exit code 0, so that a runtime can be tried without an image.
 * ELF-64 as in elf(5): one header, one segment, and exit(2).
 */

const headerBytes = 64
const segmentBytes = 56
const loadAddress = 0x400000n

interface Machine {
  /** e_machine */
  number: number
  code: number[]
}

const machines: Record<string, Machine> = {
  // mov eax, 60; xor edi, edi; syscall
  x64: { number: 62, code: [0xb8, 60, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05] },
  // mov x0, #0; mov x8, #93; svc #0
  arm64: { number: 183, code: [0x00, 0x00, 0x80, 0xd2, 0xa8, 0x0b, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4] },
}

/** Null for a processor that it is not written for. */
export function exitProgram(architecture: string): Buffer | null {
  const machine = machines[architecture]
  if (!machine) return null
  const size = headerBytes + segmentBytes + machine.code.length
  const file = Buffer.alloc(size)
  file.write('\x7fELF', 'latin1')
  file.set([2, 1, 1], 4)
  file.writeUInt16LE(2, 16)
  file.writeUInt16LE(machine.number, 18)
  file.writeUInt32LE(1, 20)
  file.writeBigUInt64LE(loadAddress + BigInt(headerBytes + segmentBytes), 24)
  file.writeBigUInt64LE(BigInt(headerBytes), 32)
  file.writeUInt16LE(headerBytes, 52)
  file.writeUInt16LE(segmentBytes, 54)
  file.writeUInt16LE(1, 56)
  const segment = file.subarray(headerBytes)
  segment.writeUInt32LE(1, 0)
  segment.writeUInt32LE(5, 4)
  segment.writeBigUInt64LE(loadAddress, 16)
  segment.writeBigUInt64LE(loadAddress, 24)
  segment.writeBigUInt64LE(BigInt(size), 32)
  segment.writeBigUInt64LE(BigInt(size), 40)
  segment.writeBigUInt64LE(4096n, 48)
  file.set(machine.code, headerBytes + segmentBytes)
  return file
}
