import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { alignedForHugePages } from './huge-pages.ts'

/** The loaded segments' flags, offsets and addresses. */
function segments(program: Buffer): { flags: number; offset: bigint; address: bigint }[] {
  const first = Number(program.readBigUInt64LE(32))
  return Array.from({ length: program.readUInt16LE(56) }, (_, index) => first + index * 56)
    .filter((at) => program.readUInt32LE(at) === 1)
    .map((at) => ({
      flags: program.readUInt32LE(at + 4),
      offset: program.readBigUInt64LE(at + 8),
      address: program.readBigUInt64LE(at + 16),
    }))
}

const isCode = ({ flags }: { flags: number }): boolean => (flags & 1) !== 0

describe('a program laid out for huge pages', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-elf-'))
  after(() => rmSync(folder, { recursive: true }))
  /** busybox is linked statically at pages of 4 KB; its code at addresses moved by a page is not aligned. */
  const busybox = readFileSync('/bin/busybox')

  it('has its code at the same place in a huge page of the file as of memory', () => {
    const program = shifted(busybox)
    assert.notEqual(distance(program), 0n)
    assert.equal(distance(alignedForHugePages(program)), 0n)
  })

  it('runs as before', () => {
    const path = join(folder, 'busybox')
    const program = alignedForHugePages(shifted(busybox))
    assert.notEqual(program.length, busybox.length)
    writeFileSync(path, program, { mode: 0o755 })
    assert.equal(execFileSync(path, ['echo', 'here'], { encoding: 'utf8' }), 'here\n')
  })

  it('keeps what each segment holds, and its address', () => {
    const program = shifted(busybox)
    const aligned = alignedForHugePages(program)
    const before = segments(program)
    assert.deepEqual(
      segments(aligned).map(({ address }) => address),
      before.map(({ address }) => address),
    )
    for (const [index, { offset }] of segments(aligned).entries()) {
      const old = Number(before[index]?.offset)
      assert.deepEqual(
        aligned.subarray(Number(offset) + 64, Number(offset) + 128),
        program.subarray(old + 64, old + 128),
      )
    }
  })

  it('is left alone where it is aligned', () => {
    const aligned = alignedForHugePages(shifted(busybox))
    assert.equal(alignedForHugePages(aligned), aligned)
  })

  it('must be a program', () => {
    assert.throws(() => alignedForHugePages(Buffer.from('#!/bin/sh\n')), /not a 64-bit little-endian ELF/)
  })

  it('is what the command is built as', () => {
    assert.equal(distance(readFileSync(new URL('../dist/gantry', import.meta.url))), 0n)
  })
})

/** How far the code's place in the file is from its place in memory, modulo 2 MB. */
function distance(program: Buffer): bigint {
  const code = segments(program).find(isCode)
  assert.ok(code)
  return (code.address - code.offset) & ((2n << 20n) - 1n)
}

/** The program with a page put in front of its code: the layout of a linker that does not care. */
function shifted(program: Buffer): Buffer {
  const moved = Buffer.from(program)
  const at = Number(segments(program).find(isCode)?.offset)
  const tables = [
    { first: Number(program.readBigUInt64LE(32)), size: 56, count: program.readUInt16LE(56), field: 8 },
    { first: Number(program.readBigUInt64LE(40)), size: 64, count: program.readUInt16LE(60), field: 24 },
  ]
  for (const { first, size, count, field } of tables)
    for (let index = 0; index < count; index++) {
      const place = first + index * size + field
      const offset = moved.readBigUInt64LE(place)
      if (offset >= BigInt(at)) moved.writeBigUInt64LE(offset + 4096n, place)
    }
  moved.writeBigUInt64LE(program.readBigUInt64LE(40) + 4096n, 40)
  return Buffer.concat([moved.subarray(0, at), Buffer.alloc(4096), moved.subarray(at)])
}
