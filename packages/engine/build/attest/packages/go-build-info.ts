/** What Go's linker writes into executables: the modules that they are made of (debug/buildinfo). */
import { readSync } from 'node:fs'
import type { ImagePackage } from './package.ts'

/** Bytes of what a program says about itself. */
const largestInfo = 4 << 20
const mostSections = 1024
const magic = Buffer.from('\xff Go buildinf:', 'latin1')
/** The strings stand behind the header, not behind pointers: since Go 1.18. */
const inlineStrings = 2

type Read = (offset: number, length: number) => Buffer

/** Empty for a file that is no 64-bit, little-endian ELF executable of Go 1.18 or later. Never throws for what is in it. */
export function goPackages(file: number, foundIn: string): ImagePackage[] {
  const read: Read = (offset, length) => {
    const bytes = Buffer.alloc(length)
    return bytes.subarray(0, readSync(file, bytes, 0, length, offset))
  }
  const head = read(0, 64)
  // 64 bits, the low byte first.
  if (head.length < 64 || head.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') return []
  const info = section(read, head, '.go.buildinfo')
  return info ? packagesOf(info, foundIn) : []
}

/** Elf64_Ehdr and Elf64_Shdr (elf(5)). */
function section(read: Read, head: Buffer, name: string): Buffer | null {
  const [start, size, count, names] = [
    Number(head.readBigUInt64LE(40)),
    head.readUInt16LE(58),
    head.readUInt16LE(60),
    head.readUInt16LE(62),
  ]
  if (size !== 64 || count > mostSections || names >= count || !Number.isSafeInteger(start)) return null
  const table = read(start, size * count)
  if (table.length < size * count) return null
  const content = (index: number): Buffer | null => {
    const offset = Number(table.readBigUInt64LE(index * size + 24))
    const length = Number(table.readBigUInt64LE(index * size + 32))
    if (!Number.isSafeInteger(offset) || length > largestInfo) return null
    return read(offset, length)
  }
  const texts = content(names)
  if (!texts) return null
  for (let index = 0; index < count; index++) {
    const at = table.readUInt32LE(index * size)
    if (texts.toString('latin1', at, at + name.length + 1) === `${name}\0`) return content(index)
  }
  return null
}

function packagesOf(info: Buffer, foundIn: string): ImagePackage[] {
  if (info.length < 33 || !info.subarray(0, magic.length).equals(magic)) return []
  if (((info[15] ?? 0) & inlineStrings) === 0) return []
  const [version, next] = stringAt(info, 32)
  const [modules] = stringAt(info, next)
  const go = /^go(\d\S*)/.exec(version)?.[1]
  const standard: ImagePackage[] = go ? [{ type: 'golang', name: 'stdlib', version: go, foundIn }] : []
  // Between two marks of 16 bytes.
  return [...standard, ...modulesOf(modules.slice(16, -16), foundIn)]
}

/** A string behind its length as a varint, and where the next one is; empty when there is none. */
function stringAt(info: Buffer, start: number): [string, number] {
  let [length, shift, at] = [0, 0, start]
  for (; at < info.length && shift < 28; shift += 7) {
    const byte = info[at++] ?? 0
    length |= (byte & 0x7f) << shift
    if (byte < 0x80) break
  }
  return [info.toString('latin1', at, at + length), at + length]
}

/** Lines of words between tabs: `dep PATH VERSION SUM`; `=>` is what stands in for the one before it. */
function modulesOf(text: string, foundIn: string): ImagePackage[] {
  const found: ImagePackage[] = []
  for (const line of text.split('\n')) {
    const [kind = '', path = '', version = ''] = line.split('\t')
    if (!['mod', 'dep', '=>'].includes(kind) || path === '') continue
    if (kind === '=>') found.pop()
    const slash = path.lastIndexOf('/')
    found.push({
      type: 'golang',
      ...(slash > 0 && { namespace: path.slice(0, slash) }),
      name: path.slice(slash + 1),
      version: version === '(devel)' ? '' : version,
      foundIn,
    })
  }
  return found
}
