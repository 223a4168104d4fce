/** What the digest of a selection was made of, so that a later one can be compared with it. Blocks: for a worker thread. */
import { posix } from 'node:path'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { FileDifferences } from '@gantry/build'

/** Files of one selection; of larger ones directories stand for what is in them. */
const mostNames = 10_000
/** Files that are looked at for that. */
const mostFiles = 200_000
/** Bytes of a listing that is read again. */
const largestListing = 16 << 20
/** Names that are told. */
const mostTold = 10

/** Names, and a number that tells a file's state apart from another. */
type Names = Map<string, number>

/** Takes the entries of a selection while they are hashed. */
export class Listing {
  readonly #names: Names = new Map()

  /** `state` is all that counts of the entry. */
  add(path: string, state: string): void {
    if (this.#names.size < mostFiles) this.#names.set(path, short(state, 0))
  }

  /** Compressed; empty for a selection that is too wide. */
  bytes(): Buffer {
    const names = this.#names.size < mostFiles ? condense(this.#names, mostNames) : null
    return names ? zstdCompressSync(JSON.stringify([...names])) : Buffer.alloc(0)
  }
}

/** 32 bits of FNV-1a: two states with the same number leave a name untold, and no more. */
function short(state: string, seed: number): number {
  let value = 0x811c9dc5 ^ seed
  for (let index = 0; index < state.length; index++)
    value = Math.imul(value ^ state.charCodeAt(index), 0x01000193)
  return value >>> 0
}

/** How many slashes are in it. */
function depthOf(path: string): number {
  let depth = 0
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) depth++
  return depth
}

/** What lies too deep is told by the directory that it is in, with a slash behind it. Null when the top is too wide. */
export function condense(names: Names, most: number): Names | null {
  if (names.size <= most) return names
  const counts: number[] = []
  for (const path of names.keys()) counts[depthOf(path)] = (counts[depthOf(path)] ?? 0) + 1
  let [depth, sum] = [-1, counts[0] ?? 0]
  while (sum <= most) sum += counts[++depth + 1] ?? 0
  if (depth < 0) return null
  const condensed: Names = new Map()
  for (const [path, state] of names) {
    if (depthOf(path) <= depth) {
      condensed.set(path, state)
      continue
    }
    const directory = `${path.split('/', depth + 1).join('/')}/`
    condensed.set(directory, short(path, state ^ (condensed.get(directory) ?? 0)))
  }
  return condensed
}

/** The first names that differ, in their order, and how many there are. Of a directory that is new or gone only itself is told. */
export function compareListings(before: Uint8Array, now: Uint8Array): FileDifferences {
  const [old, given] = [namesIn(before), namesIn(now)]
  const isWhole = (path: string, one: Names, other: Names): boolean => {
    const parent = posix.dirname(path)
    return one.has(parent) && !other.has(parent)
  }
  const changed: [path: string, words: string][] = []
  for (const [path, state] of given) {
    if (old.get(path) === state) continue
    if (old.has(path)) changed.push([path, shown(path)])
    else if (!isWhole(path, given, old)) changed.push([path, `${shown(path)} is new`])
  }
  for (const path of old.keys())
    if (!given.has(path) && !isWhole(path, old, given)) changed.push([path, `${shown(path)} is gone`])
  changed.sort(([a], [b]) => (a < b ? -1 : 1))
  return { names: changed.slice(0, mostTold).map(([, words]) => words), count: changed.length }
}

function namesIn(bytes: Uint8Array): Names {
  const text = zstdDecompressSync(bytes, { maxOutputLength: largestListing }).toString()
  return new Map(JSON.parse(text) as [string, number][])
}

/** Names are the client's: nothing in them reaches a terminal as a command. */
const shown = (path: string): string => (/[\p{C}"]/u.test(path) ? JSON.stringify(path) : path || '.')
