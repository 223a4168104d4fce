/** SLSA provenance of a build, in the terms that BuildKit uses (its slsa-definitions). */
import type { BuildResult } from '@gantry/build'
import { type Digest, formatPlatform, hexOf, hostPlatform } from '@gantry/oci'
import { layoutRepository } from '../named-contexts.ts'
import { buildSteps } from './build-steps.ts'
import type { ProvenanceOptions } from './options.ts'
import { imageUrl } from './package-url.ts'
import type { Predicate } from './statement.ts'

/** Something from outside that went into a build. */
export interface Material {
  uri: string
  digest: Record<string, string>
}

/** What is known of a build as a whole. */
export interface BuildFacts {
  /** Of this run. */
  id: string
  started: Date
  finished: Date
  /** Path of the Dockerfile in its context. */
  dockerfileName: string
  dockerfile: string
  /** As BuildKit names what a build is asked: `build-arg:NAME`, `label:NAME`, `target`, … */
  args: Readonly<Record<string, string>>
  /** Where the context was fetched from, if it was. */
  source?: Material
  /** Downloads and repositories. */
  materials: readonly Material[]
  /** Names of the contexts. */
  locals: readonly string[]
  /** What the client says of the repository that a local context is in: a hint, which nothing here has verified. */
  repository: Readonly<Record<string, string>>
}

const buildType = 'https://mobyproject.org/buildkit@v1'
const definitions = 'https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md'

/** Values of arguments and labels are told only with `mode: max`; secrets never, but by their names. */
export function provenance(facts: BuildFacts, result: BuildResult, options: ProvenanceOptions): Predicate {
  const { version } = options
  const value = (version === 'v1' ? inVersion1 : inVersion02)(partsOf(facts, result, options))
  return { type: `https://slsa.dev/provenance/${version}`, value }
}

interface Parts {
  facts: BuildFacts
  options: ProvenanceOptions
  materials: Material[]
  hermetic: boolean
  request: object
  /** BuildKit's own. */
  metadata: object
  /** With `mode: max`. */
  steps: object[] | null
}

function partsOf(facts: BuildFacts, result: BuildResult, options: ProvenanceOptions): Parts {
  const isMax = options.mode === 'max'
  const steps = buildSteps(result, facts)
  const args = Object.entries(facts.args).filter(([name]) => isMax || !/^(build-arg|label):/.test(name))
  return {
    facts,
    options,
    materials: [...baseImages(result), ...facts.materials],
    hermetic: steps.hermetic,
    request: {
      frontend: 'dockerfile.v0',
      ...(args.length > 0 && { args: Object.fromEntries(args) }),
      ...(isMax && steps.secrets.length > 0 && { secrets: steps.secrets }),
      ...(isMax && steps.ssh.length > 0 && { ssh: steps.ssh }),
      locals: facts.locals.map((name) => ({ name })),
    },
    metadata: {
      ...(Object.keys(facts.repository).length > 0 && { vcs: facts.repository }),
      ...(isMax && { source: steps.source }),
    },
    steps: isMax ? steps.definition : null,
  }
}

function baseImages({ bases }: BuildResult): Material[] {
  const found = [...bases].map(([{ reference, platform }, digest]): [string, Digest] => [
    reference.startsWith(layoutRepository) ? `oci-layout://${digest}` : imageUrl(reference, platform),
    digest,
  ])
  return [...new Map(found)].map(([uri, digest]) => ({ uri, digest: { sha256: hexOf(digest) } }))
}

/** Every file came from somewhere that is told. */
const isComplete = ({ locals }: BuildFacts): boolean => locals.length === 0

function inVersion02({ facts, options, materials, hermetic, request, metadata, steps }: Parts): object {
  return {
    builder: { id: options.builderId },
    buildType,
    materials,
    invocation: {
      configSource: { ...facts.source, entryPoint: facts.dockerfileName },
      parameters: request,
      environment: { platform: formatPlatform(hostPlatform()) },
    },
    ...(steps && { buildConfig: { llbDefinition: steps } }),
    metadata: {
      buildInvocationID: facts.id,
      buildStartedOn: facts.started.toISOString(),
      buildFinishedOn: facts.finished.toISOString(),
      completeness: { parameters: options.mode === 'max', environment: true, materials: isComplete(facts) },
      reproducible: options.reproducible,
      [`${buildType}#hermetic`]: hermetic,
      [`${buildType}#metadata`]: metadata,
    },
  }
}

function inVersion1({ facts, options, materials, hermetic, request, metadata, steps }: Parts): object {
  return {
    buildDefinition: {
      buildType: definitions,
      externalParameters: { configSource: { ...facts.source, path: facts.dockerfileName }, request },
      internalParameters: {
        builderPlatform: formatPlatform(hostPlatform()),
        ...(steps && { buildConfig: { llbDefinition: steps } }),
      },
      resolvedDependencies: materials,
    },
    runDetails: {
      builder: { id: options.builderId },
      metadata: {
        invocationID: facts.id,
        startedOn: facts.started.toISOString(),
        finishedOn: facts.finished.toISOString(),
        buildkit_metadata: metadata,
        buildkit_hermetic: hermetic,
        buildkit_completeness: { request: options.mode === 'max', resolvedDependencies: isComplete(facts) },
        buildkit_reproducible: options.reproducible,
      },
    },
  }
}
