/** How registries are reached: mirrors, proxies, trust and limits. */
import { GantryError } from '@gantry/errors'
import type { OptionValues } from './option-values.ts'

export interface RegistrySettings {
  /** By registry, `docker.io` being that of names without a host: base URLs that pulls ask first. */
  mirrors: Record<string, string[]>
  /** By registry: hosts of other domains whose token servers may be given its credentials. */
  tokenServers: Record<string, string[]>
  /** What is not set comes from the daemon's environment. */
  proxies: { http?: string; https?: string; no?: string }
  /** Of one pull. */
  maxConcurrentDownloads: number
  /** Of one push. */
  maxConcurrentUploads: number
  /** How often one layer is tried. */
  maxDownloadAttempts: number
  /** Signatures and the like come and go along with images. */
  referrers: boolean
}

const defaultRegistry = 'docker.io'

/** The settings, with their defaults filled in. */
export function registrySettings(values: OptionValues): RegistrySettings {
  const { proxies = {} } = values
  const named = values.mirrors ?? {}
  // What dockerd knows as mirrors are those of the default registry.
  const hubs = [...(values['registry-mirrors'] ?? []), ...(named[defaultRegistry] ?? [])]
  return {
    mirrors: { ...named, ...(hubs.length > 0 && { [defaultRegistry]: hubs }) },
    tokenServers: values['registry-token-servers'] ?? {},
    proxies: {
      http: values['http-proxy'] ?? proxies['http-proxy'],
      https: values['https-proxy'] ?? proxies['https-proxy'],
      no: values['no-proxy'] ?? proxies['no-proxy'],
    },
    maxConcurrentDownloads: values['max-concurrent-downloads'] || 3,
    maxConcurrentUploads: values['max-concurrent-uploads'] || 5,
    maxDownloadAttempts: values['max-download-attempts'] ?? 5,
    referrers: values.referrers ?? true,
  }
}

/** Throws InvalidParameter in the words of dockerd. */
export function checkRegistries(values: OptionValues): void {
  const mirrors = [...(values['registry-mirrors'] ?? []), ...Object.values(values.mirrors ?? {}).flat()]
  for (const mirror of mirrors) checkMirror(mirror)
  for (const registry of values['insecure-registries'] ?? [])
    if (/:\/\/(?!$)/.test(registry.replace(/^https?:\/\//, '')) || registry === '')
      throw invalid(`insecure registry ${registry} should not contain '://'`)
  for (const key of ['max-concurrent-downloads', 'max-concurrent-uploads'] as const) {
    const value = values[key] ?? 0
    if (value < 0) throw invalid(`invalid ${key.replaceAll('-', ' ')}: ${value}`)
  }
  const attempts = values['max-download-attempts'] ?? 1
  if (attempts <= 0) throw invalid(`invalid max download attempts: ${attempts}`)
  const unknown = Object.keys(values.proxies ?? {}).find((key) => !/^(https?|no)-proxy$/.test(key))
  if (unknown !== undefined)
    throw invalid(`the following directives don't match any configuration option: ${unknown}`)
}

function checkMirror(mirror: string): void {
  if (!URL.canParse(mirror)) throw invalid(`invalid mirror: ${JSON.stringify(mirror)} is not a valid URI`)
  const { protocol, username, search, hash } = new URL(mirror)
  if (protocol !== 'http:' && protocol !== 'https:')
    throw invalid(
      `invalid mirror: unsupported scheme ${JSON.stringify(protocol.slice(0, -1))} in ${JSON.stringify(mirror)}`,
    )
  if (username !== '') throw invalid('invalid mirror: username/password not allowed in URI')
  if (search !== '' || hash !== '')
    throw invalid(`invalid mirror: query or fragment at end of URI ${JSON.stringify(mirror)}`)
}

function invalid(message: string): GantryError {
  return new GantryError('InvalidParameter', message)
}
