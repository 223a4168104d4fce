import { hash } from 'node:crypto'
import type { Digest } from './digest.ts'

/** The digest of some bytes. */
export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${hash('sha256', bytes)}`
}

/** The chain id of a layer on top of a chain (OCI image-spec, config.md#layer-chainid). */
export function chainIdOf(parent: Digest | null, diffId: Digest): Digest {
  return parent === null ? diffId : digestOf(`${parent} ${diffId}`)
}

/** Chain ids of a list of layers, base first: the last one is the image's own. */
export function chainIdsOf(diffIds: readonly Digest[]): Digest[] {
  const chain: Digest[] = []
  for (const diffId of diffIds) chain.push(chainIdOf(chain.at(-1) ?? null, diffId))
  return chain
}
