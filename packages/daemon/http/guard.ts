/**
 * What keeps web pages away from a TCP listener. A browser sends an `Origin` with everything that could do harm, and a
 * page that has rebound its name to this machine shows itself by the `Host` it asks for. Unix sockets, which no browser
 * reaches, are not checked: clients send any Host there.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { GantryError } from '@gantry/errors'

/** Checks requests of one listener. */
export class TcpGuard {
  readonly #names: Set<string>

  /** `names` are the host names that the daemon was told to listen on; `localhost` and the machine's own are added. */
  constructor(names: readonly string[]) {
    this.#names = new Set([...names, 'localhost', hostname()].map((name) => name.toLowerCase()))
  }

  /** Throws Forbidden for a request that a foreign page may have caused. */
  check(headers: IncomingHttpHeaders): void {
    const host = headers.host
    if (host === undefined || !this.#isOurs(nameOf(host)))
      throw new GantryError('Forbidden', `host ${JSON.stringify(host ?? '')} is not a name of this daemon`)
    const origin = headers.origin
    if (origin !== undefined && hostOfOrigin(origin) !== host.toLowerCase())
      throw new GantryError('Forbidden', `origin ${JSON.stringify(origin)} is not allowed`)
  }

  /** An address cannot be rebound, so any will do. */
  #isOurs(name: string): boolean {
    return isIP(name) !== 0 || this.#names.has(name)
  }
}

function nameOf(host: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(host)
  return (bracketed?.[1] ?? host.replace(/:\d+$/, '')).toLowerCase()
}

function hostOfOrigin(origin: string): string | null {
  try {
    return new URL(origin).host
  } catch {
    return null
  }
}
