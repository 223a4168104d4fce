/** A real registry (Debian's docker-registry) for one test: on loopback, with its own directory, stopped at the end. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { type Authority, createAuthority } from './authority.ts'
import { startTokenServer, type TokenServer, type TokenServerOptions } from './token-server.ts'

const run = promisify(execFile)

export interface RegistryOptions {
  /** Serve https with a certificate of an authority made for this registry; `client` also wants a client certificate. */
  tls?: boolean | 'client'
  /** Basic authentication: user name to password. */
  htpasswd?: Record<string, string>
  /** Bearer authentication with a token server of its own. */
  token?: TokenServerOptions
  /** Where it listens; by default 127.0.0.1. */
  address?: string
  /** A fixed port, e.g. to come back where it was. */
  port?: number
  /** Be a pull-through cache of this registry. */
  proxyOf?: string
  /** Keep the blobs here, beyond the life of this registry. */
  storage?: string
  /** The command that it is run by, e.g. `nsenter` with its options. */
  runBy?: string[]
}

export interface TestRegistry extends AsyncDisposable {
  /** `127.0.0.1:43211`, as it stands in references. */
  readonly host: string
  readonly port: number
  readonly url: string
  readonly directory: string
  /** With `tls`: the authority that signed its certificate. */
  readonly authority: Authority | null
  readonly tokens: TokenServer | null
  /** Everything it has logged, one line a request. */
  readonly log: string[]
  stop(): Promise<void>
}

/** Starts a registry and waits until it listens. With `t`, it is stopped and its directory deleted after the test. */
export async function startRegistry(
  options: RegistryOptions = {},
  t?: { after(hook: () => unknown): void },
): Promise<TestRegistry> {
  const directory = await mkdtemp('/tmp/gantry-e2e-registry-')
  await using undo = new AsyncDisposableStack()
  undo.defer(() => rm(directory, { recursive: true, force: true }))
  const address = options.address ?? '127.0.0.1'
  const authority = options.tls ? await createAuthority(directory) : null
  const tokens = options.token ? await startTokenServer(directory, options.token) : null
  if (tokens) undo.defer(() => tokens.stop())

  const config = await configuration({ options, address, directory, authority, tokens })
  await writeFile(join(directory, 'config.json'), JSON.stringify(config))
  const log: string[] = []
  const command = [...(options.runBy ?? []), 'docker-registry', 'serve', join(directory, 'config.json')]
  const child = spawn(command[0] ?? '', command.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] })
  undo.defer(() => end(child))
  const port = await listeningPort(child, log)

  const stack = undo.move()
  const registry: TestRegistry = {
    host: `${address}:${port}`,
    port,
    url: `${options.tls ? 'https' : 'http'}://${address}:${port}`,
    directory,
    authority,
    tokens,
    log,
    stop: () => stack.disposeAsync(),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
  t?.after(() => registry.stop())
  return registry
}

interface ConfigurationParts {
  options: RegistryOptions
  address: string
  directory: string
  authority: Authority | null
  tokens: TokenServer | null
}

/** YAML takes JSON as it is. */
async function configuration({
  options,
  address,
  directory,
  authority,
  tokens,
}: ConfigurationParts): Promise<object> {
  const storage = options.storage ?? join(directory, 'data')
  await mkdir(storage, { recursive: true })
  return {
    version: '0.1',
    log: { level: 'info', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: storage }, delete: { enabled: true } },
    http: {
      addr: `${address}:${options.port ?? 0}`,
      secret: 'test',
      ...(authority && { tls: await tlsOf(authority, address, options.tls === 'client') }),
    },
    ...(options.htpasswd && {
      auth: { htpasswd: { realm: 'test', path: await htpasswdFile(directory, options.htpasswd) } },
    }),
    ...(tokens && {
      auth: {
        token: {
          realm: tokens.realm,
          service: tokens.service,
          issuer: tokens.issuer,
          rootcertbundle: tokens.certificate,
        },
      },
    }),
    ...(options.proxyOf && { proxy: { remoteurl: options.proxyOf } }),
  }
}

async function tlsOf(authority: Authority, address: string, wantsClients: boolean): Promise<object> {
  const { certificate, key } = await authority.server('registry', [address, 'localhost', 'registry.test'])
  return { certificate, key, ...(wantsClients && { clientcas: [authority.certificate] }) }
}

async function htpasswdFile(directory: string, users: Record<string, string>): Promise<string> {
  const path = join(directory, 'htpasswd')
  const lines = await Promise.all(
    Object.entries(users).map(
      async ([user, password]) => (await run('htpasswd', ['-nbB', user, password])).stdout,
    ),
  )
  await writeFile(path, lines.map((line) => line.trim()).join('\n'))
  return path
}

/** The port it says it listens on; the log goes on being read into `log`. */
function listeningPort(child: ChildProcess, log: string[]): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  if (child.stderr === null) throw new Error('no stderr')
  AbortSignal.timeout(60_000).addEventListener('abort', () => reject(new Error('docker-registry is silent')))
  child.on('error', reject)
  child.on('exit', () => reject(new Error(`docker-registry ended:\n${log.join('\n')}`)))
  createInterface(child.stderr).on('line', (line) => {
    log.push(line)
    const port = /listening on [^"]*:(\d+)/.exec(line)?.[1]
    if (port !== undefined) resolve(Number(port))
  })
  return promise
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}
