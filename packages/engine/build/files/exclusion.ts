/** `--exclude`: what is not copied, by patterns as `.dockerignore` has them, `!` among them. */
import { IgnoreFile } from '@gantry/dockerfile'

export class Exclusion {
  readonly #ignore: IgnoreFile

  constructor(patterns: readonly string[]) {
    this.#ignore = new IgnoreFile(patterns.join('\n'))
  }

  /** Whether a path stays behind. The top of a tree, the empty path, never does. */
  has(path: string): boolean {
    return path !== '' && this.#ignore.ignores(path)
  }

  /** Whether all that is in a directory stays behind. */
  prunes(directory: string): boolean {
    return directory !== '' && this.#ignore.prunes(directory)
  }
}
