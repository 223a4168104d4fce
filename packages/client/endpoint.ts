/** Which engine to talk with: from flags, environment, contexts and defaults. */
import { GantryError, messageOf } from '@gantry/errors'
import type { ConfigFile } from './config-file.ts'
import { contextEndpoint } from './context.ts'
import { isThere } from './small-file.ts'

export interface TlsFiles {
  ca?: Buffer
  cert?: Buffer
  key?: Buffer
  /** Whether the server must prove who it is. */
  verify: boolean
}

/** Where an engine listens. `host` is what messages call it. */
export type Endpoint =
  | { kind: 'unix'; host: string; path: string }
  | { kind: 'tcp'; host: string; address: string; port: number; prefix: string; tls?: TlsFiles }
  | { kind: 'ssh'; host: string; destination: string; user?: string; port?: number; path?: string }

export interface EndpointOptions {
  env: Readonly<Record<string, string | undefined>>
  config: ConfigFile
  /** `-H`. */
  hosts?: readonly string[]
  /** `--context`. */
  context?: string
  tls?: boolean
  /** `--tlsverify`; undefined when it was not given, so that the environment decides. */
  tlsVerify?: boolean
  tlsCaCert?: string
  tlsCert?: string
  tlsKey?: string
}

const gantrySocket = '/run/gantry/gantry.sock'
const dockerSocket = '/var/run/docker.sock'

/**
 * The endpoint of the engine. In order: `--host`, `--context`, DOCKER_HOST, DOCKER_CONTEXT, the current context of
 * config.json, Gantry's socket, Docker's socket when only that exists. Throws InvalidParameter with Docker's words.
 */
export function resolveEndpoint(options: EndpointOptions): Endpoint {
  const { env, hosts = [], context = '' } = options
  if (hosts.length > 1) throw unresolvable('Specify only one -H')
  if (hosts.length > 0 && context !== '') {
    throw new GantryError('InvalidParameter', 'conflicting options: cannot specify both --host and --context')
  }
  const [host] = hosts
  if (host !== undefined) return fromHost(host, options)
  const name =
    context || (env.DOCKER_HOST ? '' : env.DOCKER_CONTEXT || options.config.settings.currentContext || '')
  if (name !== '' && name !== 'default') return fromContext(name, options.config.directory)
  if (context === '' && env.DOCKER_HOST) return fromHost(env.DOCKER_HOST, options)
  const path = !isThere(gantrySocket) && isThere(dockerSocket) ? dockerSocket : gantrySocket
  return { kind: 'unix', host: `unix://${path}`, path }
}

function fromContext(name: string, directory: string): Endpoint {
  const { host, tls } = contextEndpoint(name, directory)
  return withTls(parseHost(host), tls)
}

function fromHost(host: string, options: EndpointOptions): Endpoint {
  const endpoint = parseHost(host)
  const verify = options.tlsVerify ?? Boolean(options.env.DOCKER_TLS_VERIFY)
  if (!verify && !options.tls) return endpoint
  return withTls(endpoint, readTlsFiles(options, verify))
}

function withTls(endpoint: Endpoint, tls: TlsFiles | undefined): Endpoint {
  return endpoint.kind === 'tcp' && tls !== undefined ? { ...endpoint, tls } : endpoint
}

/** Files that were named must exist; those in the default folder may be missing, but for the CA of a verified server. */
function readTlsFiles(options: EndpointOptions, verify: boolean): TlsFiles {
  const { existsSync, readFileSync } = process.getBuiltinModule('node:fs')
  const folder = options.env.DOCKER_CERT_PATH || options.config.directory
  const read = (named: string | undefined, file: string, required: boolean): Buffer | undefined => {
    const path = named || `${folder}/${file}`
    if (!named && !required && !existsSync(path)) return undefined
    try {
      return readFileSync(path)
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
      throw unresolvable(missing ? `open ${path}: no such file or directory` : messageOf(error))
    }
  }
  const ca = verify ? read(options.tlsCaCert, 'ca.pem', true) : undefined
  const cert = read(options.tlsCert, 'cert.pem', false)
  const key = read(options.tlsKey, 'key.pem', false)
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }), verify }
}

/** Reads `unix:///path`, `tcp://host:port`, `ssh://user@host`, `host:port`. Throws InvalidParameter. */
export function parseHost(text: string): Endpoint {
  const host = text.trim()
  const [, scheme = 'tcp', rest = ''] = /^(?:([a-z]+):\/\/)?(.*)$/s.exec(host) ?? []
  if (scheme === 'unix') {
    const path = rest || gantrySocket
    return { kind: 'unix', host: `unix://${path}`, path }
  }
  if (scheme === 'tcp') return parseTcp(rest)
  if (scheme === 'ssh') return parseSsh(host)
  if (scheme === 'npipe' || scheme === 'fd')
    throw new GantryError('InvalidParameter', 'Failed to initialize: protocol not available')
  throw unresolvable(`invalid bind address format: ${host}`)
}

function parseTcp(rest: string): Endpoint {
  const match = /^(\[[^\]\s]*\]|[^:/\s@]*)(?::(\d{1,5}))?(\/\S*)?$/.exec(rest)
  const [, name = '', digits = '2375', prefix = ''] = match ?? []
  const port = Number(digits)
  if (match === null || port > 65535) throw unresolvable(`invalid bind address format: ${rest}`)
  const address = name.replace(/^\[|\]$/g, '') || '127.0.0.1'
  const shown = address.includes(':') ? `[${address}]` : address
  return {
    kind: 'tcp',
    host: `tcp://${shown}:${port}${prefix}`,
    address,
    port,
    prefix: prefix.replace(/\/$/, ''),
  }
}

function parseSsh(host: string): Endpoint {
  let url: URL
  try {
    url = new URL(host)
  } catch {
    throw unresolvable(`unable to parse docker host \`${host}\``)
  }
  if (url.password !== '') throw unresolvable('plain-text password is not supported')
  if (url.hostname === '') throw unresolvable('no host specified')
  if (url.hostname.startsWith('-')) throw unresolvable(`invalid hostname: ${url.hostname}`)
  return {
    kind: 'ssh',
    host,
    destination: url.hostname,
    ...(url.username && { user: decodeURIComponent(url.username) }),
    ...(url.port && { port: Number(url.port) }),
    ...(url.pathname.length > 1 && { path: url.pathname }),
  }
}

/** For an address of a daemon that cannot be made sense of, in Docker's words. */
export function unresolvable(reason: string): GantryError {
  return new GantryError(
    'InvalidParameter',
    `Failed to initialize: unable to resolve docker endpoint: ${reason}`,
  )
}
