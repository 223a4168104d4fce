/** Makes two recordings comparable: what differs from run to run becomes a placeholder, in both alike. */

/** How things are called here that had other names in the recordings. */
export interface Names {
  /** Texts to replace and what stood for them in the recordings: `/tmp/x/data` for `/var/lib/docker`. */
  paths?: Readonly<Record<string, string>>
  /** `docker` in the recordings. */
  program?: string
}

const span =
  '(?:Less than a second|About a minute|About an hour|\\d+ (?:second|minute|hour|day|week|month|year)s?)'

/** In this order. The recordings' own placeholders are met by the same patterns, so both sides end up the same. */
const rules: readonly [pattern: RegExp, replacement: string][] = [
  [/<([A-Z]+)\d*_*>(?= ago)/g, '<$1>'],
  [/<(TIME|AGO|DUR|PID|UNIX|UNIXNANO|N|KERNEL|HOSTNAME|DATE)_*>/g, '<$1>'],
  [
    /\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d| [+-]\d{4}(?: [A-Z]{3,5}| [+-]\d\d(?:\d\d)?)?)/g,
    '<TIME>',
  ],
  [new RegExp(`${span} ago`, 'g'), '<AGO>'],
  [new RegExp(`Up ${span}`, 'g'), 'Up <DUR>'],
  [/"time":\d{10}\b/g, '"time":<UNIX>'],
  [/"timeNano":\d{19}\b/g, '"timeNano":<UNIXNANO>'],
  [/"Pid": ?\d+/g, '"Pid": <PID>'],
  [/\/tmp\/(?:docker-import|gantry-import)-[^/\s]+/g, '/<TMPDIR>/docker-import-<N>'],
  [/<TMPDIR_*>\/docker-import-<N>/g, '<TMPDIR>/docker-import-<N>'],
  // The image of the recording is a busybox of its own.
  [/\b(?:1\.9\d+|2\.\d+)MB\b/g, '<IMAGESIZE>'],
  [/\b(?:172\.17|10\.2\d\d\.\d+)\.(?:\d+\.)?\d+\b/g, '<ADDRESS>'],
  [/\b02:42:(?:[0-9a-f]{2}:){3}[0-9a-f]{2}\b/g, '<MAC>'],
]

/** Gives objects numbers in the order in which they appear; an id and its first twelve characters are one object. */
export class Normalizer {
  readonly #names: Names
  readonly #numbers = new Map<string, number>()

  constructor(names: Names = {}) {
    this.#names = names
  }

  /** The text with placeholders, and with runs of blanks cut to two. */
  text(text: string): string {
    let result = text
    for (const [here, there] of Object.entries(this.#names.paths ?? {}))
      result = result.replaceAll(here, there)
    if (this.#names.program) result = renamed(result, this.#names.program)
    // A part of the sandbox's id, which the recording did not replace.
    result = result.replace(/netns\/[0-9a-f]{12}/g, 'netns/<SANDBOX>')
    result = result.replace(
      /<ID(\d+)_*>|\b[0-9a-f]{64}\b|(?<![0-9a-f.:-])(?=[0-9a-f]*\d)[0-9a-f]{12}(?![0-9a-f.:-])/g,
      (id, known: string | undefined) =>
        `<ID${this.#numberOf(known === undefined ? id.slice(0, 12) : `#${known}`)}>`,
    )
    for (const [pattern, replacement] of rules) result = result.replace(pattern, replacement)
    return result.replace(/ {3,}/g, '  ').replace(/ +$/gm, '')
  }

  #numberOf(key: string): number {
    const number = this.#numbers.get(key) ?? this.#numbers.size + 1
    this.#numbers.set(key, number)
    return number
  }
}

/** Only where the program speaks of itself: `gantry: …`, `'gantry ps --help'`, `Usage:  gantry`. */
function renamed(text: string, program: string): string {
  return text.replaceAll(new RegExp(`(^ *|'|Usage:  |command: |, )${program}(?=[ :])`, 'gm'), '$1docker')
}
