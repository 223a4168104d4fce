/** What a registry demands with 401: the WWW-Authenticate header (RFC 9110, 11.6.1). */

export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  scheme: string
  /** Names in lower case. */
  parameters: Readonly<Record<string, string>>
}

/** Longer than any registry's; what follows is not looked at. */
const longestHeader = 16 * 1024

const token = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y
const spaces = /[ \t]*/y
const separators = /[ \t,]*/y
const token68 = /[A-Za-z0-9\-._~+/]+=*(?=[ \t]*(?:,|$))/y

/**
 * Reads every challenge of the header's lines. What is malformed is passed over: one strange scheme must not hide
 * another that is understood. Takes time linear in the length.
 */
export function parseChallenges(lines: string | readonly string[] | undefined): Challenge[] {
  if (lines === undefined) return []
  return [lines].flat().flatMap((line) => new ChallengeReader(line.slice(0, longestHeader)).read())
}

class ChallengeReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  read(): Challenge[] {
    const found: Challenge[] = []
    this.#take(separators)
    while (this.#at < this.#text.length) {
      const scheme = this.#take(token)
      if (scheme === '') this.#skipToComma()
      else {
        this.#take(spaces)
        found.push({ scheme: scheme.toLowerCase(), parameters: this.#parameters() })
      }
      this.#take(separators)
    }
    return found
  }

  #parameters(): Record<string, string> {
    const parameters: Record<string, string> = Object.create(null)
    // A single credential in the place of parameters, as Negotiate has it.
    if (this.#take(token68) !== '') return parameters
    for (;;) {
      const start = this.#at
      const name = this.#take(token).toLowerCase()
      this.#take(spaces)
      if (name === '' || this.#text[this.#at] !== '=') {
        this.#at = start
        return parameters
      }
      this.#at++
      this.#take(spaces)
      const value = this.#text[this.#at] === '"' ? this.#quoted() : this.#take(token)
      parameters[name] ??= value
      const comma = this.#take(separators)
      if (!comma.includes(',')) return parameters
    }
  }

  #quoted(): string {
    let value = ''
    for (this.#at++; this.#at < this.#text.length; this.#at++) {
      const char = this.#text[this.#at]
      if (char === '"') {
        this.#at++
        return value
      }
      if (char === '\\') this.#at++
      value += this.#text[this.#at] ?? ''
    }
    return value
  }

  #skipToComma(): void {
    const comma = this.#text.indexOf(',', this.#at)
    this.#at = comma < 0 ? this.#text.length : comma + 1
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0] ?? ''
    this.#at += found.length
    return found
  }
}
