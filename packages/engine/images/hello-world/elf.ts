/**
 * Executables without a compiler: a static ELF file that writes a text to standard output and exits. One segment,
 * readable and executable, holds the headers, the code and the text.
 */

const headerSize = 64
const programHeaderSize = 56
const codeOffset = headerSize + programHeaderSize
/** Where the segment is mapped. */
const base = 0x400000n
/** A multiple of every page size there is. */
const alignment = 0x10000n

const machines = { amd64: 62, arm64: 183 } as const

/** A static executable for Linux that prints `text` and exits with 0, or with 1 when it cannot write. */
export function printingExecutable(architecture: keyof typeof machines, text: string): Buffer {
  const message = Buffer.from(text)
  const code = { amd64: codeForAmd64, arm64: codeForArm64 }[architecture](message.length)
  const size = codeOffset + code.length + message.length
  return Buffer.concat([elfHeader(machines[architecture]), programHeader(size), code, message])
}

/** Elf64_Ehdr, see elf(5). */
function elfHeader(machine: number): Buffer {
  const header = Buffer.alloc(headerSize)
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0])
  header.writeUInt16LE(2, 16) // ET_EXEC
  header.writeUInt16LE(machine, 18)
  header.writeUInt32LE(1, 20) // EV_CURRENT
  header.writeBigUInt64LE(base + BigInt(codeOffset), 24) // entry point
  header.writeBigUInt64LE(BigInt(headerSize), 32) // the program header follows
  header.writeUInt16LE(headerSize, 52)
  header.writeUInt16LE(programHeaderSize, 54)
  header.writeUInt16LE(1, 56) // one program header
  header.writeUInt16LE(64, 58) // size of a section header, of which there are none
  return header
}

/** Elf64_Phdr: the whole file, PT_LOAD, readable and executable. */
function programHeader(size: number): Buffer {
  const header = Buffer.alloc(programHeaderSize)
  header.writeUInt32LE(1, 0)
  header.writeUInt32LE(5, 4)
  header.writeBigUInt64LE(base, 16)
  header.writeBigUInt64LE(base, 24)
  header.writeBigUInt64LE(BigInt(size), 32)
  header.writeBigUInt64LE(BigInt(size), 40)
  header.writeBigUInt64LE(alignment, 48)
  return header
}

/** System calls: number in rax, arguments in rdi, rsi, rdx. write is 1, exit is 60. */
function codeForAmd64(length: number): Buffer {
  const code = Buffer.from([
    ...[0x48, 0x8d, 0x35, 0, 0, 0, 0], //  0       lea  rsi, [rip + text]
    ...[0xba, 0, 0, 0, 0], //              7       mov  edx, length
    ...[0xbf, 1, 0, 0, 0], //             12 next: mov  edi, 1
    ...[0xb8, 1, 0, 0, 0], //             17       mov  eax, 1
    ...[0x0f, 0x05], //                   22       syscall
    ...[0x48, 0x85, 0xc0], //             24       test rax, rax
    ...[0x7e, 0x0c], //                   27       jle  end
    ...[0x48, 0x01, 0xc6], //             29       add  rsi, rax
    ...[0x48, 0x29, 0xc2], //             32       sub  rdx, rax
    ...[0x75, 0xe7], //                   35       jnz  next
    ...[0x31, 0xff], //                   37       xor  edi, edi
    ...[0xeb, 0x05], //                   39       jmp  exit
    ...[0xbf, 1, 0, 0, 0], //             41 end:  mov  edi, 1
    ...[0xb8, 60, 0, 0, 0], //            46 exit: mov  eax, 60
    ...[0x0f, 0x05], //                   51       syscall
  ])
  code.writeInt32LE(code.length - 7, 3)
  code.writeUInt32LE(length, 8)
  return code
}

/** System calls: number in x8, arguments in x0, x1, x2. write is 64, exit is 93. */
function codeForArm64(length: number): Buffer {
  const words = [
    0x10000001 | adrOffset(16 * 4), //            0       adr  x1, text
    0xd2800002 | ((length & 0xffff) << 5), //     4       mov  x2, #low half of length
    0xf2a00002 | ((length >>> 16) << 5), //       8       movk x2, #high half, lsl #16
    0xd2800020, //                               12 next: mov  x0, #1
    0xd2800808, //                               16       mov  x8, #64
    0xd4000001, //                               20       svc  #0
    0xf100001f, //                               24       cmp  x0, #0
    0x540000cd, //                               28       b.le end      (6 words on)
    0x8b000021, //                               32       add  x1, x1, x0
    0xeb000042, //                               36       subs x2, x2, x0
    0x54ffff21, //                               40       b.ne next     (7 words back)
    0xd2800000, //                               44       mov  x0, #0
    0x14000002, //                               48       b    exit     (2 words on)
    0xd2800020, //                               52 end:  mov  x0, #1
    0xd2800ba8, //                               56 exit: mov  x8, #93
    0xd4000001, //                               60       svc  #0
  ]
  const code = Buffer.alloc(words.length * 4)
  for (const [index, word] of words.entries()) code.writeUInt32LE(word >>> 0, index * 4)
  return code
}

/** The immediate of ADR: two low bits at 29, the rest at 5. */
const adrOffset = (bytes: number): number => ((bytes & 3) << 29) | ((bytes >> 2) << 5)
