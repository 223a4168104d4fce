/** Whom a registry's credentials may be shown to, and which hosts its answers may send us to. */
import { isIP } from 'node:net'
import { isPrivate } from './addresses.ts'
import type { Reach } from './connect.ts'

/**
 * Whether a registry's token server may be given the registry's credentials: when it is on the same host, in the same
 * registered domain (`registry-1.docker.io` and `auth.docker.io`) or one of the hosts that the configuration names.
 * Never in plain text when the registry itself speaks TLS, unless it is an insecure one.
 */
export function isTrustedRealm(
  registry: URL,
  realm: URL,
  allowed: readonly string[],
  insecure: boolean,
): boolean {
  if (registry.protocol === 'https:' && realm.protocol !== 'https:' && !insecure) return false
  if (allowed.includes(realm.hostname) || allowed.includes(realm.host)) return true
  return isSameSite(registry.hostname, realm.hostname)
}

function isSameSite(a: string, b: string): boolean {
  if (a === b) return true
  const isName = (host: string): boolean => isIP(host) === 0 && !host.startsWith('[')
  return isName(a) && isName(b) && registeredDomain(a) === registeredDomain(b)
}

/** Second-level names below which others register, in the domains of countries. */
const publicSecondLevels = new Set('ac co com edu gob gov gouv mil ne net nom or org sch'.split(' '))

/** `docker.io` of `auth.docker.io`, `example.co.uk` of `a.example.co.uk`. A name without dots is its own. */
function registeredDomain(host: string): string {
  const labels = host.toLowerCase().replace(/\.$/, '').split('.')
  const [second = '', top = ''] = labels.slice(-2)
  return labels.slice(top.length === 2 && publicSecondLevels.has(second) ? -3 : -2).join('.')
}

/**
 * Where a redirect may lead. A registry on the internet must not make this machine ask its own network; one that is
 * itself in a private network may have its storage there, but not where clouds keep machines' secrets.
 */
export function reachOfRedirect(from: URL, to: URL, registryIsPrivate: boolean): Reach {
  if (from.hostname === to.hostname) return 'any'
  return registryIsPrivate || isPrivate(from.hostname) ? 'not-link-local' : 'public'
}
