import { GantryError } from '@gantry/errors'

const falseWords = new Set(['', '0', 'no', 'false', 'none'])

/** The parameters after `?`, read as Docker reads them. */
export class Query {
  readonly #values: URLSearchParams

  constructor(text: string) {
    this.#values = new URLSearchParams(text)
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  /** The first value; an absent parameter is the empty text, which Docker does not tell apart. */
  text(name: string): string {
    return this.#values.get(name) ?? ''
  }

  /** Undefined when absent or empty. */
  optional(name: string): string | undefined {
    return this.text(name) || undefined
  }

  all(name: string): string[] {
    return this.#values.getAll(name)
  }

  /** Anything but empty, 0, no, false and none is true. */
  flag(name: string, absent = false): boolean {
    if (!this.#values.has(name)) return absent
    return !falseWords.has(this.text(name).trim().toLowerCase())
  }

  /** Undefined when absent or empty. Throws InvalidParameter with the words of Go's strconv. */
  integer(name: string): number | undefined {
    const text = this.text(name)
    return text === '' ? undefined : parseInteger(text)
  }

  /** Like `integer`, but an absent value is an error too. */
  requiredInteger(name: string): number {
    return parseInteger(this.text(name))
  }

  /** As `instant`, to the millisecond. */
  time(name: string): Date | undefined {
    const instant = this.instant(name)
    return instant && new Date(instant.seconds * 1000 + instant.nanoseconds / 1e6)
  }

  /** Unix seconds with an optional fraction (`1700000000.5`), as clients send `since` and `until`. */
  instant(name: string): { seconds: number; nanoseconds: number } | undefined {
    const text = this.text(name)
    if (text === '' || text === '0') return undefined
    const match = /^(-?\d+)(?:\.(\d{1,9}))?$/.exec(text)
    if (!match)
      throw new GantryError(
        'InvalidParameter',
        `strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`,
      )
    return { seconds: Number(match[1]), nanoseconds: Number((match[2] ?? '').padEnd(9, '0')) }
  }
}

function parseInteger(text: string): number {
  const quoted = JSON.stringify(text)
  if (!/^[+-]?\d+$/.test(text))
    throw new GantryError('InvalidParameter', `strconv.Atoi: parsing ${quoted}: invalid syntax`)
  const value = Number(text)
  if (!Number.isSafeInteger(value))
    throw new GantryError('InvalidParameter', `strconv.Atoi: parsing ${quoted}: value out of range`)
  return value
}
