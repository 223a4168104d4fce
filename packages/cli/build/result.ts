/** What became of a build, as the engine says at its end, for the user's files. */
import { writeFileSync } from 'node:fs'

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

/** Writes `--metadata-file`, with the names that buildx has. */
export function writeMetadata(path: string, summary: BuildSummary): void {
  const { names, descriptor, config, ref, provenance = {} } = summary
  const entries: Record<string, unknown> = {
    ...Object.fromEntries(
      Object.entries(provenance).map(([platform, value]) => [
        `buildx.build.provenance${platform && `/${platform}`}`,
        value,
      ]),
    ),
    ...(ref !== undefined && { 'buildx.build.ref': ref }),
    ...(config !== undefined && { 'containerimage.config.digest': config }),
    ...(descriptor && {
      'containerimage.descriptor': descriptor,
      'containerimage.digest': descriptor.digest,
    }),
    ...(names.length > 0 && { 'image.name': names.join(',') }),
  }
  const sorted = Object.fromEntries(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)))
  writeFileSync(path, `${JSON.stringify(sorted, null, 2)}`)
}
