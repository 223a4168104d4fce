import { GantryError } from '@gantry/errors'

/** ctrl-p, ctrl-q. */
const defaultKeys = Buffer.from([16, 17])

/**
 * Docker's notation: keys separated by commas, each one character or `ctrl-` and one of `@`, `a` to `z`, `[ \ ] ^ _`.
 * An empty text means ctrl-p,ctrl-q. Throws InvalidParameter.
 */
export function parseDetachKeys(text: string): Buffer {
  if (text === '') return defaultKeys
  return Buffer.from(text.split(',').map((key) => keyCode(key, text)))
}

function keyCode(key: string, text: string): number {
  if (key.length === 1 && key.charCodeAt(0) < 128) return key.charCodeAt(0)
  const control = /^ctrl-([@a-z[\\\]^_])$/i.exec(key)?.[1]
  if (control) return control.toUpperCase().charCodeAt(0) & 0x1f
  if (key === 'DEL') return 127
  throw new GantryError(
    'InvalidParameter',
    `Invalid detach keys (${text}) provided: Unknown character: '${key}'`,
  )
}

/** What a piece of input comes to. */
export interface DetachScan {
  /** To pass on: what was held back from earlier input included. */
  pass: Buffer
  /** The keys were pressed; what followed them is dropped. */
  detached: boolean
}

/** Finds the detach keys in a terminal's input, holding back only what may be their beginning. */
export class DetachScanner {
  readonly #keys: Buffer
  /** How many of the keys have been seen. */
  #held = 0

  constructor(keys: Buffer) {
    this.#keys = keys
  }

  scan(input: Uint8Array): DetachScan {
    const pass: number[] = []
    for (const byte of input) {
      this.#take(byte, pass)
      if (this.#held === this.#keys.length) return { pass: Buffer.from(pass), detached: true }
    }
    return { pass: Buffer.from(pass), detached: false }
  }

  /** The held bytes and this one: lets go from the front until the rest begins the keys again. */
  #take(byte: number, pass: number[]): void {
    const pending = [...this.#keys.subarray(0, this.#held), byte]
    while (pending.length > 0 && !this.#beginsKeys(pending)) pass.push(pending.shift() as number)
    this.#held = pending.length
  }

  #beginsKeys(bytes: number[]): boolean {
    return bytes.every((byte, index) => this.#keys[index] === byte)
  }
}
