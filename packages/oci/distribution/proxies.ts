/** Which proxy a request goes through: HTTP_PROXY, HTTPS_PROXY and NO_PROXY as Go programs read them. */
import { isIP } from 'node:net'
import { blockList, inRanges, isLoopback } from './addresses.ts'

export interface ProxySettings {
  http: string
  https: string
  /** Comma-separated hosts, `.domains`, addresses and ranges, each with or without a port; `*` is everything. */
  no: string
}

/** The proxy for a URL; undefined for a direct connection. Loopback is always direct. */
export function proxyFor(url: URL, settings: ProxySettings): URL | undefined {
  const proxy = url.protocol === 'https:' ? settings.https : settings.http
  if (proxy === '' || isLoopback(url.hostname) || isExempt(url, settings.no)) return undefined
  const text = proxy.includes('://') ? proxy : `http://${proxy}`
  return URL.canParse(text) ? new URL(text) : undefined
}

function isExempt(url: URL, no: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase()
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  const entries = no.toLowerCase().split(',')
  return entries.some((entry) => matches(entry.trim(), host, port))
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === '') return false
  if (entry === '*') return true
  if (entry.includes('/')) return inRanges(blockList([entry]), host)
  const [, name = '', wantedPort] = /^(\[[^\]]*\]|[^:]*|.*:.*:[^\]]*?)(?::(\d+))?$/.exec(entry) ?? []
  if (wantedPort !== undefined && wantedPort !== port) return false
  const bare = name.replace(/^\[|\]$/g, '').replace(/^\*\./, '.')
  if (isIP(bare)) return bare === host
  if (bare.startsWith('.')) return host.endsWith(bare)
  return host === bare || host.endsWith(`.${bare}`)
}

/** The value of Proxy-Authorization for a proxy URL with a user; undefined without. */
export function proxyAuthorization(proxy: URL): string | undefined {
  if (proxy.username === '') return undefined
  const text = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`
  return `Basic ${Buffer.from(text).toString('base64')}`
}

/** The proxies that a process's environment names; lower-case names count as well. */
export function proxiesFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): ProxySettings {
  const read = (name: string): string => environment[name] ?? environment[name.toLowerCase()] ?? ''
  return { http: read('HTTP_PROXY'), https: read('HTTPS_PROXY'), no: read('NO_PROXY') }
}
