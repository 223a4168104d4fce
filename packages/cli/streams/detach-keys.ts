/** The key sequence that leaves a container running and ends the client, ctrl-p ctrl-q unless told otherwise. */

const controls: Readonly<Record<string, number>> = { '@': 0, '[': 27, '\\': 28, ']': 29, '^': 30, _: 31 }

/** The bytes of `ctrl-p,ctrl-q` or `a,b`. Throws RangeError for what is no key. */
export function parseDetachKeys(text: string): Uint8Array {
  return Uint8Array.from(text.split(','), (key) => {
    if (/^[\x21-\x7e]$/.test(key) || key === ' ') return key.charCodeAt(0)
    const letter = /^ctrl-(.)$/.exec(key)?.[1] ?? ''
    if (/[a-z]/.test(letter)) return letter.charCodeAt(0) - 96
    const code = controls[letter]
    if (code === undefined) throw new RangeError(`Unknown character: '${key}'`)
    return code
  })
}

/** `ctrl-p,ctrl-q`. */
export const defaultDetachKeys = Uint8Array.of(16, 17)

/** Looks for the sequence in what is typed. Keys that may begin it are held back until the next one tells. */
export class DetachFilter {
  readonly #keys: Uint8Array
  #matched = 0

  constructor(keys: Uint8Array) {
    this.#keys = keys
  }

  /** What to pass on of these bytes, and whether the sequence is complete: the rest is dropped then. */
  feed(bytes: Uint8Array): { data: Buffer; detached: boolean } {
    const passed: number[] = []
    for (const byte of bytes) {
      if (byte === this.#keys[this.#matched]) {
        this.#matched++
        if (this.#matched === this.#keys.length) return { data: Buffer.from(passed), detached: true }
        continue
      }
      passed.push(...this.#keys.subarray(0, this.#matched))
      this.#matched = byte === this.#keys[0] ? 1 : 0
      if (this.#matched === 0) passed.push(byte)
    }
    return { data: Buffer.from(passed), detached: false }
  }
}
