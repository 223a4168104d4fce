/** Package URLs (the purl specification): how images and packages are called in attestations. */
import { familiarName, formatPlatform, type Platform, parseReference } from '@gantry/oci'

const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)

export interface PackageName {
  type: string
  /** May have slashes. */
  namespace?: string
  name: string
  version?: string
  qualifiers?: Readonly<Record<string, string>>
}

/** `pkg:deb/debian/bash@5.2-1?arch=amd64`. */
export function packageUrl({ type, namespace, name, version, qualifiers = {} }: PackageName): string {
  const path = [...(namespace?.split('/') ?? []), name].map(encode).join('/')
  const query = Object.entries(qualifiers)
    .filter(([, value]) => value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${encode(value)}`)
    .join('&')
  return `pkg:${type}/${path}${version ? `@${encode(version)}` : ''}${query && `?${query}`}`
}

/** `pkg:docker/alpine@3.17?platform=linux%2Famd64`. */
export function imageUrl(reference: string, platform: Platform): string {
  const { tag, digest, ...rest } = parseReference(reference)
  const path = familiarName(rest)
  const named = digest ? tag : (tag ?? 'latest')
  const query = [...(digest ? [`digest=${digest}`] : []), `platform=${encode(formatPlatform(platform))}`]
  return `pkg:docker/${path}${named ? `@${named}` : ''}?${query.join('&')}`
}
