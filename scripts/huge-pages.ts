/** Lays a program's file out so that Linux can map its code by huge pages: a fault for each 2 MB in place of each 64 KB. */

/** What one entry of the page table's middle level (PMD) maps, on x86-64 and on arm64 with pages of 4 KB. */
const hugePage = 2n << 20n
const page = 4096n

// Fields of the 64-bit format's headers (elf(5)): the offset of each in its header.
const elf = { programHeaders: 32, sectionHeaders: 40, sizes: 54 }
const segment = { type: 0, flags: 4, offset: 8, address: 16 }
const section = { offset: 24 }
const loaded = 1
const executable = 1

/**
 * The same ELF program with room put in front of its code, so that the code lies in the file as it does in memory, counted
 * from the last multiple of 2 MB. The addresses stay. A file that is aligned already comes back as it is.
 *
 * Only what reads the file by its headers finds its way in the result; offsets written down elsewhere no longer fit.
 * Throws for what is not a 64-bit little-endian ELF file with code in it.
 */
export function alignedForHugePages(program: Buffer): Buffer {
  if (program.readUInt32BE(0) !== 0x7f454c46 || program.readUInt16LE(4) !== 0x0102)
    throw new Error('not a 64-bit little-endian ELF file')
  const headers = headerOffsets(program)
  const code = headers.segments.find(
    (at) =>
      program.readUInt32LE(at + segment.type) === loaded &&
      (program.readUInt32LE(at + segment.flags) & executable) !== 0,
  )
  if (code === undefined) throw new Error('no segment of this ELF file is executable')
  const offset = program.readBigUInt64LE(code + segment.offset)
  const room = (program.readBigUInt64LE(code + segment.address) - offset) & (hugePage - 1n)
  if (room === 0n) return program
  const start = offset - (offset % page)
  const moved = Buffer.from(program)
  const move = (at: number): void => {
    const from = moved.readBigUInt64LE(at)
    if (from >= start) moved.writeBigUInt64LE(from + room, at)
  }
  for (const at of headers.segments) move(at + segment.offset)
  for (const at of headers.sections) move(at + section.offset)
  move(elf.sectionHeaders)
  const split = Number(start)
  return Buffer.concat([moved.subarray(0, split), Buffer.alloc(Number(room)), moved.subarray(split)])
}

/** Where in the file the headers of its segments and sections lie. */
function headerOffsets(program: Buffer): { segments: number[]; sections: number[] } {
  const [segmentSize, segments, sectionSize, sections] = [0, 2, 4, 6].map((field) =>
    program.readUInt16LE(elf.sizes + field),
  ) as [number, number, number, number]
  const table = (at: number, size: number, count: number): number[] => {
    const first = Number(program.readBigUInt64LE(at))
    return Array.from({ length: count }, (_, index) => first + index * size)
  }
  return {
    segments: table(elf.programHeaders, segmentSize, segments),
    sections: table(elf.sectionHeaders, sectionSize, sections),
  }
}
