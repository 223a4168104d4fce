/**
 * The key of a step: a digest of what it does and of the content that goes into it. Its parts have names, so that a
 * miss can be explained by the parts that changed.
 */
import { hash } from 'node:crypto'
import { formatPlatform } from '@gantry/oci'
import type { CopyStep, DirectoryStep, RunStep, Snapshot } from '../contracts.ts'

export type KeyParts = Record<string, string>

/** Raised when steps begin to mean something else. */
const version = '1'

/** Of parts that do not change any more: they are asked for several times in a step's life. */
const known = new WeakMap<KeyParts, string>()

/** The key, in hexadecimal, whatever order the parts are in. Parts must not change once they have been asked for. */
export function keyOf(parts: KeyParts): string {
  const key = known.get(parts) ?? digestOf(parts)
  known.set(parts, key)
  return key
}

function digestOf(parts: KeyParts): string {
  const sorted = Object.entries(parts).sort(([a], [b]) => (a < b ? -1 : 1))
  return hash('sha256', JSON.stringify([version, sorted]))
}

/** Names the content of a snapshot. */
export const contentOf = ({ layers }: Snapshot): string => layers.at(-1)?.chainId ?? 'scratch'

/** A part of keys that are made of definitions. */
export const definitionMark = 'its definition'

// Parts that are not the step's own.
const beneath = 'the file system before it'
const extraHosts = 'its extra hosts'

/** `below` is the content before it; `files` are digests of what is mounted, by target. Values of proxies and secrets are no part of it. */
export function runParts(
  step: RunStep,
  below: string,
  files: ReadonlyMap<string, string>,
  hosts: readonly string[],
): KeyParts {
  const mounts = step.mounts.map(({ origin: _origin, ...mount }) => [
    mount,
    files.get(mount.target ?? '') ?? '',
  ])
  return {
    [beneath]: below,
    'its command': JSON.stringify(step.args),
    ...(step.script && { 'its script': step.script.content }),
    'its environment': JSON.stringify(step.env),
    'its user': step.user,
    'its working directory': step.workingDir,
    'its mounts': JSON.stringify(mounts),
    'its network': step.network,
    'its security mode': step.security,
    'its platform': formatPlatform(step.platform),
    [extraHosts]: JSON.stringify(hosts),
    ...(step.hostname !== undefined && { 'its host name': step.hostname }),
  }
}

/** Of steps of plans that are known: the last ones. */
const knownOf = new WeakMap<RunStep, KeyParts>()
const none: ReadonlyMap<string, string> = new Map()

/** As `runParts`, of a step that mounts no files. The same object as long as nothing of it has changed, so that its key is known. */
export function knownParts(step: RunStep, input: Snapshot, hosts: readonly string[]): KeyParts {
  const known = knownOf.get(step)
  if (known?.[beneath] === contentOf(input) && known[extraHosts] === JSON.stringify(hosts)) return known
  const parts = runParts(step, contentOf(input), none, hosts)
  knownOf.set(step, parts)
  return parts
}

/** `files` are digests of what is copied, in the order of `step.copies`. */
export function copyParts(step: CopyStep, below: string, files: readonly string[]): KeyParts {
  const copies = step.copies.map(({ sources, unpack }) => [sources, unpack])
  return {
    [beneath]: step.link ? 'any' : below,
    'what it copies': JSON.stringify(files),
    'its sources': JSON.stringify(copies),
    'its destination': step.dest,
    'its options': JSON.stringify([step.chown ?? '', step.chmod ?? '', step.parents, step.exclude]),
    'its platform': formatPlatform(step.platform),
  }
}

/** What WORKDIR's result depends on: the directory is made with its user as owner. */
export function directoryParts(step: DirectoryStep, below: string): KeyParts {
  return { [beneath]: below, 'its path': step.path, 'its user': step.user }
}
