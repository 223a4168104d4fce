/** Image references: the grammar of the distribution project, and Docker's familiar short names. */
import { GantryError } from '@gantry/errors'
import { type Digest, isDigest } from './digest.ts'

/** A complete reference: `docker.io/library/busybox:latest` is domain `docker.io`, path `library/busybox`. */
export interface Reference {
  domain: string
  path: string
  tag?: string
  digest?: Digest
}

const defaultDomain = 'docker.io'
const legacyDefaultDomain = 'index.docker.io'
const officialPrefix = 'library/'

const domainPattern =
  /^(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*(?::[0-9]+)?$|^\[[a-fA-F0-9:]+\](?::[0-9]+)?$/
const pathPattern = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/
const digestPattern = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/
const longestPath = 255
/** Longer than any valid reference; what is longer is not even looked at. */
const longestText = 2048

/**
 * Parses what a user types, completing the default domain and namespace but no tag.
 * Throws InvalidParameter in Docker's words.
 */
export function parseReference(text: string): Reference {
  if (/^[a-f0-9]{64}$/.test(text)) {
    throw invalid(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`)
  }
  if (text.length > longestText) throw invalid('invalid reference format')
  const { domain, remainder } = splitDomain(text)
  const colon = remainder.indexOf(':')
  const name = colon < 0 ? remainder : remainder.slice(0, colon)
  if (name.toLowerCase() !== name) {
    throw invalid(`invalid reference format: repository name (${name}) must be lowercase`)
  }
  return { domain, ...parseRemainder(domain, remainder) }
}

function splitDomain(text: string): { domain: string; remainder: string } {
  const slash = text.indexOf('/')
  if (slash < 0) return { domain: defaultDomain, remainder: officialPrefix + text }
  const first = text.slice(0, slash)
  const looksLikeHost = first === 'localhost' || /[.:]/.test(first) || first.toLowerCase() !== first
  const named = looksLikeHost && first !== legacyDefaultDomain
  const domain = named ? first : defaultDomain
  const remainder = looksLikeHost ? text.slice(slash + 1) : text
  if (domain === defaultDomain && !remainder.includes('/')) {
    return { domain, remainder: officialPrefix + remainder }
  }
  return { domain, remainder }
}

function parseRemainder(domain: string, remainder: string): Omit<Reference, 'domain'> {
  const at = remainder.indexOf('@')
  const digest = at < 0 ? undefined : remainder.slice(at + 1)
  const named = at < 0 ? remainder : remainder.slice(0, at)
  const colon = named.indexOf(':')
  const tag = colon < 0 ? undefined : named.slice(colon + 1)
  const path = colon < 0 ? named : named.slice(0, colon)
  const wellFormed =
    domainPattern.test(domain) &&
    pathPattern.test(path) &&
    (tag === undefined || tagPattern.test(tag)) &&
    (digest === undefined || digestPattern.test(digest))
  if (!wellFormed) throw invalid('invalid reference format')
  if (path.length > longestPath) {
    throw invalid(
      `invalid reference format: repository name (${path}) must not be more than ${longestPath} characters`,
    )
  }
  if (digest === undefined) return tag === undefined ? { path } : { path, tag }
  if (!isDigest(digest)) throw invalid('invalid reference format: unsupported digest algorithm or length')
  return tag === undefined ? { path, digest } : { path, tag, digest }
}

/** The reference with tag `latest` when it has neither tag nor digest. */
export function withDefaultTag(reference: Reference): Reference {
  return reference.tag || reference.digest ? reference : { ...reference, tag: 'latest' }
}

/** `docker.io/library/busybox:latest`: one spelling for each reference, as a key. */
export function canonicalName(reference: Reference): string {
  return `${reference.domain}/${reference.path}${suffix(reference)}`
}

/** `docker.io/library/busybox`, without tag and digest. */
export function repositoryOf(reference: Reference): string {
  return `${reference.domain}/${reference.path}`
}

/** The short name that Docker shows: `busybox:latest`, `user/app@sha256:…`, `localhost:5000/app`. */
export function familiarName(reference: Reference): string {
  return familiarRepository(reference) + suffix(reference)
}

/** The short name without tag and digest: `busybox`. */
export function familiarRepository({ domain, path }: Reference): string {
  if (domain !== defaultDomain) return `${domain}/${path}`
  const official = /^library\/([^/]+)$/.exec(path)
  return official?.[1] ?? path
}

function suffix({ tag, digest }: Reference): string {
  return (tag === undefined ? '' : `:${tag}`) + (digest === undefined ? '' : `@${digest}`)
}

function invalid(message: string): GantryError {
  return new GantryError('InvalidParameter', message)
}
