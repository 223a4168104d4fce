/** Variables of a build, and instructions with theirs replaced. */
import type { EscapeCharacter } from './directives.ts'
import { type Expansion, expandShown, expandWord, type Variables } from './expand.ts'
import { loneDocument, summaryOf } from './heredoc.ts'
import { withHiddenUsers } from './hidden-user.ts'
import type { Arg, Instruction } from './instruction.ts'
import { parseMount } from './mount.ts'
import type { Stage } from './parse.ts'
import { at, DockerfileProblem } from './problem.ts'
import type { Pair } from './words.ts'

/** Arguments that need no ARG, and stay out of the history. */
export const predefinedArguments: readonly string[] = ['HTTP', 'HTTPS', 'FTP', 'NO', 'ALL'].flatMap(
  (kind) => [`${kind}_PROXY`, `${kind.toLowerCase()}_proxy`],
)

/** What ARG before the first FROM says; later ones see earlier ones. `given` are the values of `--build-arg`. */
export class GlobalScope implements Variables {
  readonly #automatic: ReadonlyMap<string, string>
  readonly #mark: EscapeCharacter
  readonly #values = new Map<string, string>()

  /** `automatic`: TARGETPLATFORM and its kin. */
  constructor(
    globals: readonly Arg[],
    given: ReadonlyMap<string, string>,
    automatic: ReadonlyMap<string, string>,
    mark: EscapeCharacter,
  ) {
    this.#automatic = automatic
    this.#mark = mark
    for (const { args, lines } of globals)
      for (const { key, value } of args) {
        const written = value === null ? undefined : at(lines, () => expandWord(value, this, mark).text)
        const set = given.get(key) ?? written
        if (set !== undefined) this.#values.set(key, set)
      }
  }

  get(name: string): string | undefined {
    return this.#values.get(name) ?? this.#automatic.get(name)
  }

  /** The base of a stage with its variables replaced. Throws DockerfileProblem when nothing is left of it. */
  base({ from, lines }: Pick<Stage, 'from' | 'lines'>): string {
    const name = at(lines, () => expandWord(from, this, this.#mark).text)
    if (name === '') throw new DockerfileProblem(`base name (${from}) should not be blank`, lines)
    return name
  }

  /** The platform of a stage with its variables replaced; undefined when none is written. */
  platform({ platform, lines }: Pick<Stage, 'platform' | 'lines'>): string | undefined {
    return platform === undefined ? undefined : at(lines, () => expandWord(platform, this, this.#mark).text)
  }
}

export interface StageScopeOptions {
  /** Arguments that the stage which this one goes on from has. */
  inherited?: ReadonlyMap<string, string>
  /** ENV goes before ARG wherever they stand, as in Docker's classic builder. */
  environmentWins?: boolean
}

/** The variables inside of one stage: ENV and ARG, each from where it stands on; of the same name the later one. */
export class StageScope implements Variables {
  /** ENV, the base image's included. */
  readonly env: Map<string, string>
  /** ARG that count, in the order of declaration. */
  readonly args = new Map<string, string>()
  readonly #environmentWins: boolean
  /** What the last ARG of a name said itself, whatever value was given. */
  readonly defaults = new Map<string, string>()
  readonly #declared = new Set<string>()
  readonly #unset = new Set<string>()
  readonly #globals: Variables
  readonly #given: ReadonlyMap<string, string>
  readonly #escape: EscapeCharacter

  constructor(
    globals: Variables,
    given: ReadonlyMap<string, string>,
    env: Iterable<readonly [string, string]>,
    mark: EscapeCharacter,
    { inherited = new Map(), environmentWins = false }: StageScopeOptions = {},
  ) {
    this.#globals = globals
    this.#given = given
    this.env = new Map(env)
    this.#escape = mark
    this.#environmentWins = environmentWins
    for (const [name, value] of inherited) if (!this.env.has(name)) this.args.set(name, value)
  }

  get(name: string): string | undefined {
    return this.args.get(name) ?? this.env.get(name)
  }

  /** What ARG has named in this stage, in the order of declaration, with or without a value. */
  get declared(): string[] {
    return [...this.#declared]
  }

  /** Names that were asked for and that nothing declares, since the last call. */
  takeUnknown(): string[] {
    const names = [...this.#unset].filter((name) => !this.#declared.has(name))
    this.#unset.clear()
    return names
  }

  /** The instruction with its variables replaced; ENV and ARG count for those that follow. Throws DockerfileProblem. */
  enter(instruction: Instruction): Instruction {
    const expanded = at(instruction.lines, () => this.#expand(instruction))
    if (expanded.instruction === 'ENV')
      for (const { key, value } of expanded.pairs) {
        this.env.set(key, value)
        this.args.delete(key)
      }
    if (expanded.instruction === 'ARG')
      for (const { key, value } of expanded.args) {
        this.#declared.add(key)
        this.#set(key, value)
      }
    return expanded
  }

  /**
   * The instruction as BuildKit shows it: as it was written, with its variables replaced. Of RUN, whose shell knows more of
   * them, quotes and what is not set here stay. Variables that its secrets are given in are not told, nor are
   * passwords in URLs, which often come from arguments.
   */
  shown(instruction: Instruction): string {
    return withHiddenUsers(this.#replaced(instruction))
  }

  #replaced(instruction: Instruction): string {
    const { source, instruction: name } = instruction
    const text = source.replace(/^\S+/, name)
    if (instruction.instruction !== 'RUN') return expandShown(text, this, this.#escape)
    const secret = new Set(instruction.mounts.flatMap(secretVariable))
    const variables = { get: (each: string) => (secret.has(each) ? '****' : this.get(each)) }
    const document = loneDocument(instruction)
    const whole = document ? `${text} (${summaryOf(document)})` : text
    return expandShown(whole, variables, this.#escape, { quotes: true, unset: true })
  }

  #set(name: string, value: string | null): void {
    if (value !== null && !(this.#environmentWins && this.env.has(name))) this.args.set(name, value)
  }

  #expansion(word: string): Expansion {
    const expansion = expandWord(word, this, this.#escape)
    for (const name of expansion.unset) this.#unset.add(name)
    return expansion
  }

  #text = (word: string): string => this.#expansion(word).text

  #pair = ({ key, value, legacy }: Pair): Pair => ({
    key: this.#text(key),
    value: this.#text(value),
    ...(legacy && { legacy }),
  })

  #argument = ({ key, value }: Arg['args'][number]): Arg['args'][number] => {
    const byDefault = value === null ? undefined : this.#text(value)
    if (byDefault === undefined) this.defaults.delete(key)
    else this.defaults.set(key, byDefault)
    return { key, value: this.#given.get(key) ?? byDefault ?? this.#globals.get(key) ?? null }
  }

  #expand(instruction: Instruction): Instruction {
    switch (instruction.instruction) {
      case 'ENV':
      case 'LABEL':
        return { ...instruction, pairs: instruction.pairs.map(this.#pair) }
      case 'ARG':
        return { ...instruction, args: this.#arguments(instruction) }
      case 'USER':
      case 'WORKDIR':
      case 'STOPSIGNAL':
        return { ...instruction, value: this.#text(instruction.value) }
      case 'EXPOSE':
        return { ...instruction, ports: instruction.ports.flatMap((port) => this.#expansion(port).words) }
      case 'VOLUME':
        return { ...instruction, paths: instruction.paths.map(this.#text) }
      case 'RUN':
        return { ...instruction, mounts: instruction.mounts.map((mount) => this.#mount(mount)) }
      case 'COPY':
        return { ...instruction, ...this.#transfer(instruction) }
      case 'ADD': {
        const { checksum } = instruction
        const expanded = { ...instruction, ...this.#transfer(instruction) }
        return checksum === undefined ? expanded : { ...expanded, checksum: this.#text(checksum) }
      }
      default:
        return instruction
    }
  }

  /** One after the other: an argument may use those before it in the same instruction. */
  #arguments({ args }: Arg): Arg['args'] {
    return args.map((argument) => {
      const expanded = this.#argument(argument)
      this.#set(expanded.key, expanded.value)
      return expanded
    })
  }

  /** Every value but that of `from`, which takes no variables. */
  #mount(mount: string): string {
    return mount.includes('$') ? this.#text(mount.replaceAll('"', '\\"')) : mount
  }

  #transfer<T extends Extract<Instruction, { dest: string }>>(instruction: T): Partial<T> {
    const { sources, dest, chown, chmod, heredocs } = instruction
    const changed: Partial<Extract<Instruction, { dest: string }>> = {
      sources: sources.map(this.#text),
      dest: this.#text(dest),
      heredocs: heredocs.map((heredoc) =>
        heredoc.expand ? { ...heredoc, content: this.#document(heredoc.content) } : heredoc,
      ),
      ...(chown !== undefined && { chown: this.#text(chown) }),
      ...(chmod !== undefined && { chmod: this.#text(chmod) }),
    }
    return changed as Partial<T>
  }

  /** Quotes are plain text in a document; the backslash escapes, whatever the escape directive says. */
  #document(content: string): string {
    const quoted = `"${content.replaceAll('"', '\\"')}"`
    return expandWord(quoted, this, '\\').text
  }
}

/** The variable that a mount puts a secret into. */
function secretVariable(mount: string): string[] {
  const { type, env } = parseMount(mount)
  return type === 'secret' && env !== undefined ? [env] : []
}
