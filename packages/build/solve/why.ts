/** Why a step was not cached, in words. */
import { type Digest, isDigest } from '@gantry/oci'
import { differences } from '../cache/explain.ts'
import type { Files, Step } from '../contracts.ts'
import type { KeyParts } from './key.ts'

/** Digests of the files that go into a step, by the part of its key; in an order that stays. */
function filesIn(parts: Readonly<KeyParts>): Map<string, Digest[]> {
  const copied = JSON.parse(parts['what it copies'] ?? '[]') as unknown[]
  const mounted = (JSON.parse(parts['its mounts'] ?? '[]') as unknown[][]).map((mount) => mount[1])
  const digests = (list: unknown[]): Digest[] => list.map(String).filter(isDigest)
  return new Map([
    ['what it copies', digests(copied)],
    ['its mounts', digests(mounted)],
  ])
}

/** Remembers what files a step was given, for its next run: where that fails, that run tells less. */
export async function rememberFiles(files: Pick<Files, 'remember'>, parts: KeyParts): Promise<void> {
  for (const digest of [...filesIn(parts).values()].flat())
    await files.remember(digest).catch(() => undefined)
}

/**
 * What differs from the step's last run, which had the key `earlier`: arguments, files and base images by their names.
 * `usesCache`: the cache was asked for it.
 */
export async function reasons(
  files: Pick<Files, 'differences'>,
  earlier: Readonly<KeyParts>,
  parts: KeyParts,
  step: Exclude<Step, { kind: 'image' }>,
  usesCache: boolean,
): Promise<string> {
  const [before, now] = [filesIn(earlier), filesIn(parts)]
  const words: string[] = []
  for (const part of differences(earlier, parts)) {
    const names = await namesOf(files, before.get(part) ?? [], now.get(part) ?? [])
    words.push(names === '' ? inWords(part, step) : `${part} (${names})`)
  }
  if (words.length > 0) return words.join(', ')
  return usesCache
    ? 'nothing, but what it made is in the cache no more'
    : 'nothing, but the cache was left aside'
}

async function namesOf(
  files: Pick<Files, 'differences'>,
  before: readonly Digest[],
  now: readonly Digest[],
): Promise<string> {
  const names: string[] = []
  let count = 0
  for (const [index, digest] of now.entries()) {
    const old = before[index]
    if (old === undefined || old === digest) continue
    const found = await files.differences(old, digest).catch(() => null)
    names.push(...(found?.names ?? []))
    count += found?.count ?? 0
  }
  const told = names.slice(0, mostNames)
  return [...told, ...(count > told.length ? [`${count - told.length} more`] : [])].join(', ')
}

const mostNames = 10

/** A part of the key, for people: what is below the first step of a stage is its base image. */
function inWords(part: string, { input }: Exclude<Step, { kind: 'image' }>): string {
  return part === 'the file system before it' && input?.kind === 'image'
    ? `the base image ${input.reference}`
    : part
}
