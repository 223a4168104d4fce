/** The flags of an instruction, checked against those it knows. */
import { DockerfileProblem } from './problem.ts'
import { suggestion } from './suggest.ts'

/** `many`: may be given several times. */
export type FlagKind = 'text' | 'boolean' | 'many'

export class Flags {
  readonly #values = new Map<string, string[]>()

  /** Throws for a flag that is not in `kinds`, given twice, or without the value it needs. */
  constructor(written: readonly string[], kinds: Readonly<Record<string, FlagKind>>) {
    for (const flag of written) {
      const equals = flag.indexOf('=')
      const name = flag.slice(2, equals < 0 ? undefined : equals)
      const kind = kinds[name]
      if (kind === undefined)
        throw new DockerfileProblem(`unknown flag: --${name}${suggestion(name, Object.keys(kinds))}`)
      if (kind !== 'many' && this.#values.has(name))
        throw new DockerfileProblem(`duplicate flag specified: --${name}`)
      const value = equals < 0 ? undefined : flag.slice(equals + 1)
      this.#values.set(name, [...(this.#values.get(name) ?? []), checked(name, kind, value)])
    }
  }

  text(name: string): string | undefined {
    return this.#values.get(name)?.[0]
  }

  /** Whether it was given, and as true. */
  boolean(name: string): boolean | undefined {
    const value = this.text(name)
    return value === undefined ? undefined : value === 'true'
  }

  many(name: string): string[] {
    return this.#values.get(name) ?? []
  }
}

function checked(name: string, kind: FlagKind, value: string | undefined): string {
  if (kind !== 'boolean') {
    if (value === undefined) throw new DockerfileProblem(`missing a value on flag: --${name}`)
    return value
  }
  const normal = (value ?? 'true').toLowerCase()
  if (normal === 'true' || normal === 'false') return normal
  throw new DockerfileProblem(`expecting boolean value for flag --${name}, not: ${value}`)
}
