/** Dockerfiles that were built from before. Mostly one is built again with only the context changed, or nothing at all. */
import { checkDockerfile, type Dockerfile, type Finding, parseDockerfile } from '@gantry/dockerfile'
import { hostPlatform } from '@gantry/oci'
import { automaticArguments } from './plan/automatic.ts'
import { KnownPlans } from './plan/known-plans.ts'
import { Recent } from './recent.ts'

/** How many are kept, and of how many characters at most: a few megabytes of a daemon that builds all day. */
const mostTexts = 16
const mostCharacters = 32 << 10

/** A text, and what has been found out about it. */
export class ReadDockerfile {
  readonly dockerfile: Dockerfile
  readonly plans: KnownPlans
  readonly #text: string
  #findings: readonly Finding[] | null = null

  /** Throws DockerfileProblem. */
  constructor(text: string) {
    this.#text = text
    this.dockerfile = parseDockerfile(text)
    this.plans = new KnownPlans(this.dockerfile)
  }

  /** What the build checks find in the text alone. */
  get findings(): readonly Finding[] {
    this.#findings ??= checkDockerfile(this.dockerfile, this.#text, [
      ...automaticArguments(hostPlatform(), hostPlatform()).keys(),
    ])
    return this.#findings
  }
}

/** The texts that were asked for last. */
export class KnownDockerfiles {
  readonly #byText = new Recent<string, ReadDockerfile>(mostTexts)

  /** Throws DockerfileProblem. */
  read(text: string): ReadDockerfile {
    const read = this.#byText.get(text) ?? new ReadDockerfile(text)
    if (text.length <= mostCharacters) this.#byText.set(text, read)
    return read
  }
}
