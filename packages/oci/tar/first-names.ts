import type { BigIntStats } from 'node:fs'

/** Under which name each file with several names was packed first: what comes later is a hard link to that. */
export class FirstNames {
  readonly #names = new Map<string, string>()

  /** That name; undefined for the first one, which is remembered, and for what has no other. */
  of(info: BigIntStats, name: string): string | undefined {
    if (info.nlink < 2n || info.isDirectory()) return undefined
    const key = `${info.dev}:${info.ino}`
    const first = this.#names.get(key)
    if (first === undefined) this.#names.set(key, name)
    return first
  }
}
