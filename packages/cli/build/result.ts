/** What became of a build, as the engine says at its end, for the user's files. */
import { unlinkSync, writeFileSync } from 'node:fs'
import { localError } from '../files/local-error.ts'

export interface BuildSummary {
  image?: string
  names: string[]
  descriptor?: { mediaType: string; digest: string; size: number }
  config?: string
  /** Of the build itself. */
  ref?: string
  /** SLSA provenance, by platform where there are several. */
  provenance?: Record<string, unknown>
}

/** The id to run the result by; empty when it is no image. */
export const resultId = ({ image, config, descriptor }: BuildSummary): string =>
  image ?? config ?? descriptor?.digest ?? ''

/** Before a build, so that one that fails leaves no id of an earlier one. Throws Error in Docker's words. */
export function removeIdFile(path: string): void {
  try {
    if (path !== '') unlinkSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw new Error(`removing image ID file: ${localError('remove', path, error).message}`, { cause: error })
  }
}

/** Writes `--iidfile`; nothing without a path. Throws Error in Go's words. */
export function writeIdFile(path: string, id: string): void {
  if (path !== '') writeText(path, id)
}

function writeText(path: string, text: string): void {
  try {
    writeFileSync(path, text)
  } catch (error) {
    throw localError('open', path, error)
  }
}

/**
 * Writes `--metadata-file`, with the names that buildx has; nothing without a path. How much it tells of provenance is what
 * BUILDX_METADATA_PROVENANCE says. Throws Error in Go's words.
 */
export function writeMetadata(path: string, summary: BuildSummary, env: NodeJS.ProcessEnv): void {
  if (path === '') return
  const { names, descriptor, config, ref, provenance = {} } = summary
  const entries: Record<string, unknown> = {
    ...toldProvenance(provenance, env.BUILDX_METADATA_PROVENANCE),
    ...(ref !== undefined && { 'buildx.build.ref': ref }),
    ...(config !== undefined && { 'containerimage.config.digest': config }),
    ...(descriptor && {
      'containerimage.descriptor': descriptor,
      'containerimage.digest': descriptor.digest,
    }),
    ...(names.length > 0 && { 'image.name': names.join(',') }),
  }
  const sorted = Object.fromEntries(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)))
  writeText(path, JSON.stringify(sorted, null, 2))
}

/** `min`, which is meant unless another is named, leaves the steps and the metadata out; `disabled` all of it. */
function toldProvenance(provenance: Record<string, unknown>, mode = 'min'): Record<string, unknown> {
  if (['disabled', 'false', '0'].includes(mode)) return {}
  return Object.fromEntries(
    Object.entries(provenance).map(([platform, value]) => [
      `buildx.build.provenance${platform && `/${platform}`}`,
      mode === 'max' ? value : withoutDetails(value as Provenance),
    ]),
  )
}

/** Of version 0.2, or 1. */
interface Provenance {
  buildConfig?: unknown
  metadata?: unknown
  buildDefinition?: { internalParameters?: { buildConfig?: unknown } }
  runDetails?: { metadata?: unknown }
}

function withoutDetails({ buildConfig, metadata, buildDefinition, runDetails, ...rest }: Provenance): object {
  const { buildConfig: steps, ...internalParameters } = buildDefinition?.internalParameters ?? {}
  const { metadata: details, ...run } = runDetails ?? {}
  return {
    ...rest,
    ...(buildDefinition && { buildDefinition: { ...buildDefinition, internalParameters } }),
    ...(runDetails && { runDetails: run }),
  }
}
