import { GantryError } from '@gantry/errors'

/** A content digest, `sha256:<64 hex>`: only ever made by `parseDigest` or a hash, so it is safe as a file name. */
export type Digest = `sha256:${string}`

const pattern = /^sha256:[0-9a-f]{64}$/

/** Whether the text is a well-formed digest of a supported algorithm (OCI image-spec, descriptor.md#digests). */
export function isDigest(text: string): text is Digest {
  return pattern.test(text)
}

/** Throws InvalidParameter: `invalid digest`, or which algorithm it is that is not supported. */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text
  const other = /^([a-z0-9+._-]{1,20}):[0-9a-f]{32,256}$/.exec(text)?.[1]
  const problem =
    other && other !== 'sha256'
      ? `unsupported digest algorithm ${other}: only sha256 is`
      : `invalid digest: ${JSON.stringify(text)}`
  throw new GantryError('InvalidParameter', problem)
}

/** The 64 hex digits. */
export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length)
}
