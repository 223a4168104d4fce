/** Makes what is to be said about a build's results: who made them of what, and what is in them. */
import type { BuildResult, Snapshots } from '@gantry/build'
import { formatPlatform, hexOf, type Reference } from '@gantry/oci'
import { referenceKey } from '../../images/catalog.ts'
import type { Hold } from '../../images/retention.ts'
import type { FileThreads } from '../files/file-threads.ts'
import type { Attest } from '../outputs/assemble.ts'
import type { NoteFile } from '../outputs/files-output.ts'
import { type AttestOptions, leastProvenance } from './options.ts'
import { imageUrl } from './package-url.ts'
import type { Scan } from './packages/scan.ts'
import { type BuildFacts, provenance } from './provenance.ts'
import { billOfMaterials } from './sbom.ts'
import { imageSubjects, type Predicate, type Subject, statement, storeAttestation } from './statement.ts'

export interface AttestorParts {
  threads: Pick<FileThreads, 'run'>
  snapshots: Pick<Snapshots, 'view'>
  /** Of this engine. */
  version: string
}

export class Attestor {
  readonly #parts: AttestorParts
  readonly #options: AttestOptions
  readonly #facts: BuildFacts
  readonly #signal: AbortSignal
  readonly #scans = new Map<BuildResult, Promise<Scan>>()

  constructor(parts: AttestorParts, options: AttestOptions, facts: BuildFacts, signal: AbortSignal) {
    this.#parts = parts
    this.#options = options
    this.#facts = facts
    this.#signal = signal
  }

  /** Whether images get nothing of it. */
  get isSilent(): boolean {
    return !this.#options.provenance && !this.#options.sbom
  }

  /** For images of these names. */
  images(hold: Hold, names: readonly Reference[]): Attest {
    return async ({ manifest, platform }, result) => {
      const urls = names.map((name) => imageUrl(referenceKey(name), platform))
      const predicates = await this.#predicates(this.#options, result, urls[0] ?? '_', hexOf(manifest.digest))
      if (predicates.length === 0) return null
      return storeAttestation(hold, manifest.digest, imageSubjects(urls, manifest.digest), predicates)
    }
  }

  /** The same as files beside those of a result, which they are about. */
  async notes(result: BuildResult, prefix: string): Promise<NoteFile[]> {
    const { provenance: wanted, ...others } = this.#options
    const options = { ...others, provenance: wanted?.inlineOnly ? null : wanted }
    if (!options.provenance && !options.sbom) return []
    const subjects = await this.#run<Subject[]>('subjects', result)
    const digest = hexOf(result.snapshot.layers.at(-1)?.chainId ?? `sha256:${'0'.repeat(64)}`)
    const predicates = await this.#predicates(options, result, '_', digest)
    return predicates.map((predicate) => ({
      name: `${prefix}${predicate.type.startsWith('https://spdx.dev') ? 'sbom.spdx.json' : 'provenance.json'}`,
      content: Buffer.from(`${JSON.stringify(statement(predicate, subjects), null, 2)}\n`),
    }))
  }

  /** What metadata tell of where results come from, by platform; by the empty word when there is one alone. */
  metadata(results: readonly BuildResult[]): Record<string, object> {
    const options = this.#options.provenance ?? leastProvenance
    return Object.fromEntries(
      results.map((result) => [
        results.length > 1 ? formatPlatform(result.platform) : '',
        provenance(this.#facts, result, options).value,
      ]),
    )
  }

  async #predicates(
    { provenance: wanted, sbom }: AttestOptions,
    result: BuildResult,
    name: string,
    digest: string,
  ): Promise<Predicate[]> {
    const bill = sbom && (await this.#bill(result, name, digest))
    return [...(bill ? [bill] : []), ...(wanted ? [provenance(this.#facts, result, wanted)] : [])]
  }

  async #bill(result: BuildResult, name: string, digest: string): Promise<Predicate> {
    const scan = this.#scans.get(result) ?? this.#run<Scan>('packages', result)
    this.#scans.set(result, scan)
    const created = result.config.created ?? this.#facts.finished.toISOString()
    return billOfMaterials(await scan, { name, digest, created, toolVersion: this.#parts.version })
  }

  async #run<T>(kind: 'packages' | 'subjects', { snapshot }: BuildResult): Promise<T> {
    await using view = await this.#parts.snapshots.view(snapshot)
    return JSON.parse(await this.#parts.threads.run({ kind, root: view.root }, this.#signal)) as T
  }
}
