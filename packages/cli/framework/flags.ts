/**
 * Command line flags in the manner of pflag, which Docker's users' scripts are written for: `--name value`,
 * `--name=value`, `-n value`, `-nvalue`, `-n=value`, clusters (`-it`), `--` to end them.
 */

import { parseGoBool } from '../options/go-numbers.ts'
import type { Flags } from './command.ts'
import { checkValue } from './flag-checks.ts'
import { type FlagValue, parseValue, zeroValue } from './flag-types.ts'
import type { FlagSpec } from './tree.ts'

/** What the user wrote is not a flag of the command, or not a value of the flag. */
export class FlagError extends Error {}

export interface ParsedFlags {
  flags: Flags
  args: string[]
  /** `--help` or `-h` was given. */
  help: boolean
  /** `-h` was given as the old short form of `--help`. */
  shortHelp: boolean
  /** What to tell the user about flags that are on their way out. */
  warnings: string[]
}

/**
 * Parses `argv` against `specs`. With `flagsFirst` the flags end at the first argument. Rejects with FlagError in pflag's
 * words at the first thing that is wrong.
 */
export function parseFlags(
  specs: readonly FlagSpec[],
  argv: readonly string[],
  flagsFirst = false,
): Promise<ParsedFlags> {
  const parser = new Parser(specs, [...argv])
  return parser.run(flagsFirst)
}

class Parser {
  readonly #specs: readonly FlagSpec[]
  readonly #rest: string[]
  readonly #values = new Map<string, FlagValue>()
  readonly #warnings: string[] = []
  readonly #args: string[] = []
  #help = false
  #shortHelp = false

  constructor(specs: readonly FlagSpec[], argv: string[]) {
    this.#specs = specs
    this.#rest = argv
  }

  async run(flagsFirst: boolean): Promise<ParsedFlags> {
    while (this.#rest.length > 0) {
      const word = this.#rest.shift() ?? ''
      if (word === '--') {
        this.#args.push(...this.#rest.splice(0))
      } else if (word.startsWith('--')) {
        await this.#long(word.slice(2), word)
      } else if (word.startsWith('-') && word !== '-') {
        await this.#cluster(word.slice(1))
      } else {
        this.#args.push(word)
        if (flagsFirst) this.#args.push(...this.#rest.splice(0))
      }
    }
    return {
      flags: new FlagValues(this.#specs, this.#values),
      args: this.#args,
      help: this.#help,
      shortHelp: this.#shortHelp,
      warnings: this.#warnings,
    }
  }

  async #long(text: string, word: string): Promise<void> {
    const equals = text.indexOf('=')
    const name = equals < 0 ? text : text.slice(0, equals)
    if (name === '' || name.startsWith('-')) throw new FlagError(`bad flag syntax: ${word}`)
    const spec = this.#specs.find((candidate) => candidate.long === name)
    if (spec === undefined) {
      if (name !== 'help') throw new FlagError(`unknown flag: --${name}`)
      this.#help = equals < 0 || parseGoBool(text.slice(equals + 1))
    } else if (equals >= 0) {
      await this.#set(spec, text.slice(equals + 1))
    } else if (spec.type === 'bool') {
      await this.#set(spec, 'true')
    } else {
      await this.#set(spec, this.#next(`--${name}`))
    }
  }

  async #cluster(letters: string): Promise<void> {
    for (let rest = letters; rest !== ''; ) {
      const letter = String.fromCodePoint(rest.codePointAt(0) ?? 0)
      const after = rest.slice(letter.length)
      const spec = this.#specs.find((candidate) => candidate.short === letter)
      if (spec === undefined) {
        if (letter !== 'h') throw new FlagError(`unknown shorthand flag: '${letter}' in -${rest}`)
        this.#help = true
        this.#shortHelp = true
        rest = after
        continue
      }
      if (after.startsWith('=') && after.length > 1) {
        await this.#set(spec, after.slice(1))
        return
      }
      if (spec.type !== 'bool') {
        await this.#set(spec, after || this.#next(`'${letter}' in -${rest}`))
        return
      }
      await this.#set(spec, 'true')
      rest = after
    }
  }

  #next(flag: string): string {
    const value = this.#rest.shift()
    if (value === undefined) throw new FlagError(`flag needs an argument: ${flag}`)
    return value
  }

  async #set(given: FlagSpec, text: string): Promise<void> {
    const spec = this.#specs.find((candidate) => candidate.long === given.alias_of) ?? given
    try {
      await checkValue(spec, text)
      this.#values.set(spec.long, parseValue(spec, text, this.#values.get(spec.long)))
    } catch (error) {
      const names = spec.short === undefined ? `--${spec.long}` : `-${spec.short}, --${spec.long}`
      throw new FlagError(`invalid argument ${quote(text)} for "${names}" flag: ${(error as Error).message}`)
    }
    if (given.deprecated !== undefined) {
      this.#warnings.push(`Flag --${given.long} has been deprecated, ${given.deprecated}`)
    }
  }
}

/** Quotes as Go's %q does for the texts of command lines. */
export function quote(text: string): string {
  return JSON.stringify(text)
}

class FlagValues implements Flags {
  /** By their names: `build` asks for 40 of its 50 flags. */
  readonly #specs = new Map<string, FlagSpec>()
  readonly #values: ReadonlyMap<string, FlagValue>

  constructor(specs: readonly FlagSpec[], values: ReadonlyMap<string, FlagValue>) {
    for (const spec of specs) this.#specs.set(spec.long, spec)
    this.#values = values
  }

  bool(name: string): boolean {
    return this.#value(name, (value) => typeof value === 'boolean')
  }

  string(name: string): string {
    return this.#value(name, (value) => typeof value === 'string')
  }

  number(name: string): number {
    return this.#value(name, (value) => typeof value === 'number')
  }

  bytes(name: string): number {
    return this.number(name)
  }

  duration(name: string): number {
    return this.number(name)
  }

  list(name: string): string[] {
    return [...this.#value(name, (value): value is string[] => Array.isArray(value))]
  }

  map(name: string): Record<string, string> {
    return Object.fromEntries(this.list(name).map(splitPair))
  }

  filters(name: string): Record<string, string[]> {
    // A map, since names are the user's: an object has some of its own.
    const filters = new Map<string, Set<string>>()
    for (const [key, value] of this.list(name).filter(Boolean).map(splitPair)) {
      const values = filters.get(key.trim().toLowerCase()) ?? new Set()
      filters.set(key.trim().toLowerCase(), values.add(value.trim()))
    }
    return Object.fromEntries([...filters].map(([key, values]) => [key, [...values]]))
  }

  changed(name: string): boolean {
    this.#spec(name)
    return this.#values.has(name)
  }

  #value<T extends FlagValue>(name: string, is: (value: FlagValue) => value is T): T {
    const value = this.#values.get(name) ?? zeroValue(this.#spec(name))
    if (!is(value)) throw new TypeError(`flag --${name} is of another type`)
    return value
  }

  #spec(name: string): FlagSpec {
    const spec = this.#specs.get(name)
    if (spec === undefined) throw new TypeError(`the command has no flag --${name}`)
    return spec
  }
}

function splitPair(text: string): [string, string] {
  const equals = text.indexOf('=')
  return equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)]
}
