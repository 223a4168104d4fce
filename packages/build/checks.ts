/** What the build checks find: told once, in the order of the Dockerfile, and the end of the build when it says so. */
import { DockerfileProblem, type Finding, parseCheckSettings } from '@gantry/dockerfile'
import type { BuildEvent, BuildRequest } from './contracts.ts'
import type { ReadDockerfile } from './known-dockerfiles.ts'

export class Checks {
  readonly #request: BuildRequest
  readonly #read: ReadDockerfile
  readonly #tell: (event: BuildEvent) => void
  #told = false

  constructor(request: BuildRequest, read: ReadDockerfile, tell: (event: BuildEvent) => void) {
    this.#request = request
    this.#read = read
    this.#tell = tell
  }

  /**
   * Tells them together with those that planning found; for the first of several platforms only. Throws
   * DockerfileProblem when `check=error=true` and there is any.
   */
  findings(planned: readonly Finding[]): void {
    if (this.#told) return
    this.#told = true
    const { args, classic } = this.#request
    const { dockerfile, findings } = this.#read
    if (classic) {
      // The classic builder had this one only.
      for (const warning of dockerfile.warnings) this.#tell({ type: 'warning', ...warning })
      return
    }
    const settings = parseCheckSettings(args.get('BUILDKIT_DOCKERFILE_CHECK') ?? dockerfile.directives.check)
    const found = [...findings, ...planned]
      .filter(({ rule }) => settings.runs(rule))
      .sort((a, b) => a.lines.first - b.lines.first)
    for (const finding of found) this.#tell({ type: 'warning', ...finding })
    if (!settings.error || found.length === 0) return
    const rules = [...new Set(found.map(({ rule }) => rule))].sort()
    throw new DockerfileProblem(`lint violation found for rules: ${rules.join(', ')}`)
  }
}
