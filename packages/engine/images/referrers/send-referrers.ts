/** What is here about the manifests of a push goes along with them. */
import { type Descriptor, type Digest, hexOf, RegistryError } from '@gantry/oci'
import type { ProgressMessage } from '../../contracts.ts'
import type { ImageParts } from '../dependencies.ts'
import { readManifest } from '../read-image.ts'
import type { Hold } from '../retention.ts'

/** How things get to the registry. */
export interface Sending {
  /** Sends a blob, if the registry lacks it. */
  send(descriptor: Descriptor): Promise<void>
  put(manifest: Descriptor): Promise<void>
  report(message: ProgressMessage): void
}

/** Not every registry takes such manifests: what one refuses is told, and is no failure of the push. */
export async function sendReferrers(
  { catalog, content }: Pick<ImageParts, 'catalog' | 'content'>,
  hold: Hold,
  subjects: readonly Digest[],
  { send, put, report }: Sending,
): Promise<void> {
  const seen = new Set<Digest>()
  const waiting = [...subjects]
  for (let subject = waiting.shift(); subject; subject = waiting.shift()) {
    for (const { digest, blobs } of catalog.referrers.of(subject)) {
      if (seen.has(digest)) continue
      seen.add(digest)
      waiting.push(digest)
      await hold.use([digest, ...blobs])
      const manifest = await readManifest(content, digest)
      if (manifest.kind !== 'manifest') continue
      try {
        for (const part of [manifest.config, ...manifest.layers]) await send(part)
        await put({ mediaType: manifest.mediaType, ...(await content.info(digest)) })
      } catch (error) {
        if (!(error instanceof RegistryError) || error.retryable) throw error
        report({
          status: `Referrer ${hexOf(digest).slice(0, 12)} of the image was refused: ${error.message}`,
        })
      }
    }
  }
}
