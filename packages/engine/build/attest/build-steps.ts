/** The steps of a build for its provenance: in the shape of BuildKit's low-level definition, as far as there are words for it. */
import { type BuildResult, type RunStep, type Step, stepsOf } from '@gantry/build'
import { type Platform, parseReference } from '@gantry/oci'
import { referenceKey } from '../../images/catalog.ts'
import { withoutUser } from '../urls.ts'

export interface BuildSteps {
  definition: object[]
  /** The Dockerfile, and its lines for each step. */
  source: object
  /** No process of the build could reach a network. */
  hermetic: boolean
  secrets: object[]
  ssh: object[]
}

/** Describes all steps that led to a result, the sources first, and which lines of the Dockerfile each is. */
export function buildSteps(
  { step: last }: Pick<BuildResult, 'step'>,
  { dockerfile, dockerfileName }: { dockerfile: string; dockerfileName: string },
): BuildSteps {
  const steps = stepsOf(last)
  const numbers = new Map(steps.map((step, index) => [step, `step${index}`]))
  const name = (step: Step): string => numbers.get(step) ?? ''
  const runs = steps.filter((step) => step.kind === 'run')
  return {
    definition: steps.map((step) => ({
      id: name(step),
      op: { Op: operation(step), platform: platformOf(step.platform) },
      ...inputs(step, name),
    })),
    source: {
      locations: Object.fromEntries(
        steps.map((step) => [name(step), { locations: [{ ranges: [range(step)] }] }]),
      ),
      infos: [
        {
          filename: dockerfileName,
          language: 'Dockerfile',
          data: Buffer.from(dockerfile).toString('base64'),
        },
      ],
    },
    hermetic: runs.every(({ network }) => network === 'none'),
    secrets: mountsOf(runs, 'secret'),
    ssh: mountsOf(runs, 'ssh'),
  }
}

const range = ({ lines }: Step): object => ({ start: { line: lines.first }, end: { line: lines.last } })

const platformOf = ({ os, architecture, variant }: Platform): object => ({
  Architecture: architecture,
  OS: os,
  ...(variant && { Variant: variant }),
})

function inputs(step: Step, name: (step: Step) => string): { inputs?: string[] } {
  if (step.kind === 'image') return {}
  const parts = step.kind === 'run' ? step.mounts : step.kind === 'copy' ? step.copies : []
  const others = parts.flatMap(({ origin }) => (origin?.kind === 'snapshot' ? origin.step : []))
  const all = [...(step.input ? [step.input] : []), ...others]
  return all.length > 0 ? { inputs: [...new Set(all.map((each) => `${name(each)}:0`))] } : {}
}

function operation(step: Step): object {
  switch (step.kind) {
    case 'image':
      return { source: { identifier: `docker-image://${fullName(step.reference)}` } }
    case 'run':
      return { exec: { meta: metaOf(step), mounts: step.mounts.map(mountOf), ...networkOf(step) } }
    case 'copy':
      return {
        file: {
          actions: step.copies.map(({ sources, origin }) => ({
            Action: {
              copy: {
                src: sources,
                dest: step.dest,
                ...('url' in origin && { url: withoutUser(origin.url) }),
              },
            },
          })),
        },
      }
    case 'directory':
      return { file: { actions: [{ Action: { mkdir: { path: step.path, makeParents: true } } }] } }
  }
}

const metaOf = ({ args, env, workingDir, user }: RunStep): object => ({
  args,
  env,
  cwd: workingDir,
  ...(user && { user }),
})

const mountOf = ({ type, target }: RunStep['mounts'][number]): object => ({
  dest: target ?? '',
  mountType: type,
})

const networkOf = ({ network }: RunStep): object => (network === 'default' ? {} : { network })

/** What processes were given under a name; not what it was. */
function mountsOf(runs: readonly RunStep[], type: 'secret' | 'ssh'): object[] {
  const mounts = runs.flatMap((run) => run.mounts.filter((mount) => mount.type === type))
  const found = mounts.map(({ id, required }): [string, boolean] => [id ?? 'default', !required])
  return [...new Map(found)].map(([id, optional]) => ({ id, ...(optional && { optional }) }))
}

const fullName = (reference: string): string => referenceKey(parseReference(reference))
