/** What the build checks find: told once, in the order of the Dockerfile, and the end of the build when it says so. */
import {
  checkDockerfile,
  type Dockerfile,
  DockerfileProblem,
  type Finding,
  parseCheckSettings,
} from '@gantry/dockerfile'
import { hostPlatform } from '@gantry/oci'
import type { BuildEvent, BuildRequest } from './contracts.ts'
import { automaticArguments } from './plan/automatic.ts'

export class Checks {
  readonly #request: BuildRequest
  readonly #dockerfile: Dockerfile
  readonly #tell: (event: BuildEvent) => void
  #told = false

  constructor(request: BuildRequest, dockerfile: Dockerfile, tell: (event: BuildEvent) => void) {
    this.#request = request
    this.#dockerfile = dockerfile
    this.#tell = tell
  }

  /**
   * Tells them together with those that planning found; for the first of several platforms only. Throws
   * DockerfileProblem when `check=error=true` and there is any.
   */
  findings(planned: readonly Finding[]): void {
    if (this.#told) return
    this.#told = true
    const { args, dockerfile: source, classic } = this.#request
    if (classic) {
      // The classic builder had this one only.
      for (const warning of this.#dockerfile.warnings) this.#tell({ type: 'warning', ...warning })
      return
    }
    const settings = parseCheckSettings(
      args.get('BUILDKIT_DOCKERFILE_CHECK') ?? this.#dockerfile.directives.check,
    )
    const automatic = [...automaticArguments(hostPlatform(), hostPlatform()).keys()]
    const all = [...checkDockerfile(this.#dockerfile, source, automatic), ...planned]
    const found = all.filter(({ rule }) => settings.runs(rule)).sort((a, b) => a.lines.first - b.lines.first)
    for (const finding of found) this.#tell({ type: 'warning', ...finding })
    if (!settings.error || found.length === 0) return
    const rules = [...new Set(found.map(({ rule }) => rule))].sort()
    throw new DockerfileProblem(`lint violation found for rules: ${rules.join(', ')}`)
  }
}
