/** `index.json` of an image layout, whoever has written it (OCI image-spec image-layout.md). */
import { open } from 'node:fs/promises'

/** Bytes of an index. */
export const largestIndex = 4 << 20

type Fields = Readonly<Record<string, unknown>>

/** With all that else is said in it. */
interface LayoutIndex extends Fields {
  manifests: Fields[]
}

/** Null without a file. Rejects with Error for one that is no index. */
export async function readLayoutIndex(path: string): Promise<LayoutIndex | null> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (!file) return null
  try {
    const { size } = await file.stat()
    if (size > largestIndex) throw new Error(`${path} is larger than ${largestIndex} bytes`)
    return parseLayoutIndex(await file.readFile('utf8'), path)
  } finally {
    await file.close()
  }
}

/** Throws Error. */
export function parseLayoutIndex(text: string, path: string): LayoutIndex {
  let body: unknown = null
  try {
    body = JSON.parse(text)
  } catch {}
  const manifests = isObject(body) ? (body.manifests ?? []) : null
  if (!isObject(body) || !Array.isArray(manifests) || !manifests.every(isObject))
    throw new Error(`${path} is no index of an image layout`)
  return { ...body, manifests }
}

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const tagAnnotation = 'org.opencontainers.image.ref.name'

/**
 * The tag that an entry of `index.json` has by its annotation (OCI image layout, "Annotations"); undefined without
 * one. It is as written, so it need not be text.
 */
export const tagOf = ({ annotations }: Fields): unknown =>
  isObject(annotations) ? annotations[tagAnnotation] : undefined

/** The index with a manifest in the place of the one of that tag; the others stay. */
export function withManifest(index: LayoutIndex, manifest: Fields, tag: string): LayoutIndex {
  const annotations = { ...(isObject(manifest.annotations) && manifest.annotations), [tagAnnotation]: tag }
  const others = index.manifests.filter((each) => tagOf(each) !== tag)
  return { ...index, manifests: [...others, { ...manifest, annotations }] }
}
