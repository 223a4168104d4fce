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
import { type BuildFacts, provenance } from './provenance.ts'
import { billType, type DocumentSubject } from './sbom.ts'
import { imageSubjects, nestedJson, type PredicateText, statement, storeAttestation } from './statement.ts'

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
  /** Scans as JSON, which only threads read: that of a large image would keep the event loop busy. */
  readonly #scans = new Map<BuildResult, Promise<string>>()

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
      if (this.isSilent) return null
      const urls = names.map((name) => imageUrl(referenceKey(name), platform))
      const about = { name: urls[0] ?? '_', digest: hexOf(manifest.digest) }
      const predicates = await this.#predicates(this.#options, result, about, 0)
      return storeAttestation(hold, manifest.digest, imageSubjects(urls, manifest.digest), predicates)
    }
  }

  /** The same as files beside those of a result, which they are about. */
  async notes(result: BuildResult, prefix: string): Promise<NoteFile[]> {
    const { provenance: wanted, sbom } = this.#options
    const options = { sbom, provenance: wanted?.inlineOnly ? null : wanted }
    if (!options.provenance && !options.sbom) return []
    const subjects = await this.#look('subjects', result)
    const digest = hexOf(result.snapshot.layers.at(-1)?.chainId ?? `sha256:${'0'.repeat(64)}`)
    const predicates = await this.#predicates(options, result, { name: '_', digest }, 2)
    return predicates.map((predicate) => ({
      name: `${prefix}${predicate.type === billType ? 'sbom.spdx.json' : 'provenance.json'}`,
      content: Buffer.from(`${statement(predicate, subjects, 2)}\n`),
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
    about: Pick<DocumentSubject, 'name' | 'digest'>,
    indent: 0 | 2,
  ): Promise<PredicateText[]> {
    const predicates: PredicateText[] = []
    if (sbom) predicates.push({ type: billType, text: await this.#bill(result, about, indent) })
    if (wanted) {
      const { type, value } = provenance(this.#facts, result, wanted)
      predicates.push({ type, text: nestedJson(value, indent) })
    }
    return predicates
  }

  async #bill(
    result: BuildResult,
    about: Pick<DocumentSubject, 'name' | 'digest'>,
    indent: 0 | 2,
  ): Promise<string> {
    const scan = this.#scans.get(result) ?? this.#look('packages', result)
    this.#scans.set(result, scan)
    const created = result.config.created ?? this.#facts.finished.toISOString()
    const subject = { ...about, created, toolVersion: this.#parts.version }
    return this.#parts.threads.run({ kind: 'bill', scan: await scan, subject, indent }, this.#signal)
  }

  async #look(kind: 'packages' | 'subjects', { snapshot }: BuildResult): Promise<string> {
    await using view = await this.#parts.snapshots.view(snapshot)
    return await this.#parts.threads.run({ kind, root: view.root }, this.#signal)
  }
}
