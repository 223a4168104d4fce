import type { Reference } from '../reference.ts'
import type { Access, Registries, RegistryConfig, RegistryLimits, Repository } from './contracts.ts'
import { download } from './download.ts'
import { basesOf, hostOfDomain, type Insecure, insecurityOf } from './endpoints.ts'
import { RegistryError } from './errors.ts'
import { RegistryHost } from './host.ts'
import { login } from './login.ts'
import { createRepository } from './repository.ts'
import { search } from './search.ts'
import { Tokens } from './tokens.ts'
import { Transport } from './transport.ts'

export const defaultLimits: RegistryLimits = {
  connectionsPerHost: 16,
  attempts: 5,
  connectTimeout: 30_000,
  idleTimeout: 60_000,
  longestRetryAfter: 60_000,
}

/** What of a configuration is usually left as it is: no mirrors, no proxies, system authorities. */
export const defaultRegistryConfig: RegistryConfig = {
  insecureRegistries: [],
  mirrors: {},
  tokenServers: {},
  certificateDirectories: [],
  proxies: { http: '', https: '', no: '' },
  userAgent: 'gantry',
  limits: defaultLimits,
}

export interface RegistriesOptions {
  /** Hears what nobody else does: what was passed over, a mirror that failed, a file that holds no certificate. */
  log?: (message: string) => void
}

/** A client of all registries, see Registries. Opens nothing before it is asked. */
export function createRegistries(config: RegistryConfig, options: RegistriesOptions = {}): Registries {
  const closed = new AbortController()
  const log = options.log ?? (() => {})
  let current = new Hosts(config, closed.signal, log)
  return {
    repository: (reference, access) => repository(current, reference, access, log),
    login: (credentials, callOptions) => login(current, credentials, callOptions),
    search: (term, searchOptions) => search(current, term, searchOptions),
    download: (url, callOptions = {}) => download(current, url, callOptions),
    configure(changed) {
      current.transport.retire()
      current = new Hosts(changed, closed.signal, log)
    },
    close() {
      closed.abort(new RegistryError('unreachable', 'the registry client is closed'))
      current.transport.retire()
    },
  }
}

function repository(
  hosts: Hosts,
  { domain, path }: Pick<Reference, 'domain' | 'path'>,
  access: Access,
  log: (message: string) => void,
): Repository {
  const mirrors = access.action === 'pull' ? (hosts.config.mirrors[domain] ?? []) : []
  return createRepository({
    domain,
    path,
    access,
    mirrors: mirrors.map((url) => () => hosts.mirror(new URL(url), domain)),
    origin: () => hosts.registry(domain),
    log,
  })
}

/** The hosts of one configuration, with their connections and tokens. */
export class Hosts {
  readonly config: RegistryConfig
  readonly transport: Transport
  readonly tokens: Tokens
  readonly #made = new Map<string, Promise<RegistryHost>>()

  constructor(config: RegistryConfig, closed: AbortSignal, log: (message: string) => void) {
    this.config = config
    this.transport = new Transport(config, closed, log)
    this.tokens = new Tokens((exchange) =>
      this.transport.send({ ...exchange, headers: { 'User-Agent': config.userAgent, ...exchange.headers } }),
    )
  }

  /** The registry of a reference's domain. Rejects with InvalidParameter when that is no host. */
  registry(domain: string): Promise<RegistryHost> {
    const host = hostOfDomain(domain)
    return this.#once(host, async () => {
      const insecure = await insecurityOf(host, this.config)
      return this.#host(basesOf(host, insecure), insecure, domain, this.config.limits)
    })
  }

  mirror(base: URL, domain: string): Promise<RegistryHost> {
    return this.#once(`mirror ${base.href} of ${domain}`, async () =>
      this.#host([base], await insecurityOf(base.host, this.config), '', {
        ...this.config.limits,
        // There is the next one to be asked.
        attempts: Math.min(2, this.config.limits.attempts),
      }),
    )
  }

  #host(
    bases: readonly URL[],
    insecure: Insecure | undefined,
    domain: string,
    limits: RegistryLimits,
  ): RegistryHost {
    const { transport, tokens, config } = this
    const tokenServers = config.tokenServers[domain] ?? []
    return new RegistryHost({
      bases,
      insecure,
      tokenServers,
      transport,
      tokens,
      limits,
      userAgent: config.userAgent,
    })
  }

  #once(key: string, make: () => Promise<RegistryHost>): Promise<RegistryHost> {
    const known = this.#made.get(key)
    if (known) return known
    const made = make()
    made.catch(() => this.#made.delete(key))
    this.#made.set(key, made)
    return made
  }
}
