/** Opens what the configuration says to listen on. */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { Server } from 'node:http'
import { isIP } from 'node:net'
import type { TlsOptions } from 'node:tls'
import { GantryError } from '@gantry/errors'
import type { DaemonConfig, TlsFiles } from '../config/config.ts'
import type { Host } from '../config/hosts.ts'
import { TcpGuard } from '../http/guard.ts'
import type { ApiServer } from '../http/server.ts'
import type { Logger } from '../log.ts'
import type { ActivatedSocket } from '../process/systemd.ts'
import { dockerSocket, dockerSocketIsFree } from './docker-socket.ts'
import { groupId } from './group.ts'
import { listenUnix, type UnixListener } from './unix-socket.ts'

export interface Listeners {
  /** Stops accepting; open connections go on. Removes the sockets' files. */
  close(): Promise<void>
  /** Cuts whatever is still connected. */
  cut(): void
}

export interface ListenOptions {
  config: DaemonConfig
  api: ApiServer
  activated: ActivatedSocket[]
  log: Logger
}

/** Listens on all hosts, or on none: what was opened is closed again when one of them fails. */
export async function openListeners(options: ListenOptions): Promise<Listeners> {
  const { config, api, log } = options
  const servers: Server[] = []
  const sockets: UnixListener[] = []
  const close = async (): Promise<void> => {
    for (const server of servers) server.close()
    for (const server of servers) server.closeIdleConnections()
    await Promise.all(sockets.map((socket) => socket.remove()))
  }
  const cut = (): void => {
    for (const server of servers) server.closeAllConnections()
  }
  try {
    const gid = await groupId(config.group)
    const tls = config.tls ? await readTls(config.tls) : undefined
    for (const host of await hostsOf(config, log)) {
      if (host.kind === 'unix') {
        const server = api.listener({})
        servers.push(server)
        sockets.push(await listenUnix(server, host.path, gid))
      } else if (host.kind === 'tcp') {
        servers.push(await listenTcp(api, host, tls))
      } else {
        for (const { fd } of socketsFor(host.name, options.activated)) {
          const server = api.listener({})
          servers.push(server)
          await listening(server, () => server.listen({ fd }))
        }
      }
      log.info('API listen on', { address: describe(host) })
    }
    return { close, cut }
  } catch (error) {
    await close()
    throw error
  }
}

/** Without `--host`: the daemon's own socket, and Docker's where no other engine has it. */
async function hostsOf(config: DaemonConfig, log: Logger): Promise<Host[]> {
  if (config.hosts.length > 0) return config.hosts
  const own: Host = { kind: 'unix', path: `${config.execRoot}/gantry.sock` }
  const docker = await dockerSocketIsFree()
  if (docker.free) return [own, { kind: 'unix', path: dockerSocket }]
  log.info('not listening on the socket of Docker', { path: dockerSocket, reason: docker.reason })
  return [own]
}

async function listenTcp(
  api: ApiServer,
  host: Extract<Host, { kind: 'tcp' }>,
  tls: TlsOptions | undefined,
): Promise<Server> {
  const names = isIP(host.host) === 0 ? [host.host] : []
  const server = api.listener({ guard: new TcpGuard(names), tls })
  // A peer that has vanished without a word is noticed in the end.
  server.on('connection', (socket) => socket.setKeepAlive(true, 30_000))
  await listening(server, () => server.listen({ host: host.host, port: host.port }))
  return server
}

async function listening(server: Server, listen: () => void): Promise<void> {
  const listened = once(server, 'listening')
  listen()
  await listened
}

/** `fd://` means all sockets of systemd, `fd://name` or `fd://4` one of them. */
function socketsFor(name: string, activated: ActivatedSocket[]): ActivatedSocket[] {
  const wanted = activated.filter(
    (socket) => name === '' || socket.name === name || String(socket.fd) === name,
  )
  if (wanted.length > 0) return wanted
  throw new GantryError(
    'Unavailable',
    name === ''
      ? 'no sockets found via socket activation: make sure the service was started by systemd'
      : `failed to find LISTEN_FDS socket ${name}`,
  )
}

async function readTls(files: TlsFiles): Promise<TlsOptions> {
  const [cert, key, ca] = await Promise.all([
    readFile(files.cert),
    readFile(files.key),
    files.ca === undefined ? undefined : readFile(files.ca),
  ])
  const clients = ca ? { ca, requestCert: true, rejectUnauthorized: true } : {}
  return { cert, key, minVersion: 'TLSv1.2', ...clients }
}

function describe(host: Host): string {
  if (host.kind === 'unix') return host.path
  return host.kind === 'fd' ? `fd://${host.name}` : `tcp://${host.host}:${host.port}`
}
