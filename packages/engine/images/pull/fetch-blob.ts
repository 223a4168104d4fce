import { GantryError } from '@gantry/errors'
import { type Descriptor, digestOf, largestConfig, type Repository } from '@gantry/oci'
import type { Hold } from '../retention.ts'

/**
 * Fetches a blob that is held in memory on its way: a configuration, an attestation. Rejects with InvalidParameter when it
 * is too large for that, with System when it is not what its digest says.
 */
export async function fetchBlob(
  repository: Repository,
  hold: Hold,
  descriptor: Descriptor,
  signal: AbortSignal,
): Promise<void> {
  const { digest, size } = descriptor
  await hold.keep([digest])
  if (await hold.has(digest)) return
  if (size > largestConfig) {
    throw new GantryError('InvalidParameter', `content ${digest} is larger than ${largestConfig} bytes`)
  }
  const { stream } = await repository.blob(descriptor, { signal })
  const bytes = Buffer.concat(await Array.fromAsync(stream as AsyncIterable<Buffer>))
  if (digestOf(bytes) !== digest) {
    throw new GantryError('System', `image verification failed for digest ${digest}`)
  }
  await hold.put(bytes)
}
