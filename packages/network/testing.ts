/** What the tests of this package share: a machine of their own (a network namespace) and containers in it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bind, check, interfaceIndex, NetworkNamespaces, openSocket, Rtnetlink } from '@gantry/syscall'
import type { EndpointRequest, Networks, RecordTable, SandboxRequest } from './contracts.ts'
import { socketOf } from './dns/forwarder.ts'
import { createNetworks, type NetworksOptions } from './networks.ts'
import type { NetworkTables } from './sandbox/records.ts'

const CLONE_NEWNET = 0x40000000
/** Milliseconds: longer than the first retransmission of a lost packet. */
const patience = 6000

export const isRoot = process.getuid?.() === 0

/** Moves the calling thread into a network namespace of its own, where it can do no harm: call it first of all. */
export function enterOwnNetwork(): void {
  check('unshare', bind('int unshare(int flags)')(CLONE_NEWNET))
  using rtnetlink = new Rtnetlink()
  rtnetlink.setLink(1, { up: true })
}

/** A table that keeps copies, as a database would. */
export class MemoryTable<T> implements RecordTable<T> {
  readonly #rows = new Map<string, string>()

  get(key: string): T | undefined {
    const row = this.#rows.get(key)
    return row === undefined ? undefined : (JSON.parse(row) as T)
  }

  set(key: string, value: T): void {
    this.#rows.set(key, JSON.stringify(value))
  }

  delete(key: string): boolean {
    return this.#rows.delete(key)
  }

  values(): T[] {
    return [...this.#rows.values()].map((row) => JSON.parse(row) as T)
  }
}

/** Tables that live as long as the test. */
const memoryTables = (): NetworkTables => ({
  networks: new MemoryTable(),
  endpoints: new MemoryTable(),
  sandboxes: new MemoryTable(),
})

/** Networks over a run directory and tables that outlive them, so that a test can start the next ones on the same. */
export class Machine implements AsyncDisposable {
  readonly runDir = mkdtempSync(join(tmpdir(), 'gantry-network-'))
  readonly tables = memoryTables()
  readonly namespaces = new NetworkNamespaces()
  readonly logged: string[] = []
  readonly events: string[] = []
  networks: Networks

  private readonly options: Partial<NetworksOptions>
  constructor(options: Partial<NetworksOptions> = {}) {
    this.options = options
    this.networks = this.#open()
  }

  /** As after `kill -9`: the old ones just stop answering, new ones take over. */
  async restart(running: string[]): Promise<void> {
    await this.networks.close()
    this.reopen()
    await this.networks.restore(running)
  }

  /** Starts new ones; the old ones are closed. */
  reopen(options: Partial<NetworksOptions> = {}): void {
    this.networks = this.#open(options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { containerId } of this.tables.sandboxes.values())
      await this.networks.removeSandbox(containerId)
    await this.networks.prune(() => true)
    await this.networks.close()
    using rtnetlink = new Rtnetlink()
    for (const { bridgeName } of this.tables.networks.values())
      if (bridgeName && interfaceIndex(bridgeName)) rtnetlink.deleteLink(bridgeName)
    this.namespaces.close()
    rmSync(this.runDir, { recursive: true })
  }

  #open(options: Partial<NetworksOptions> = {}): Networks {
    return createNetworks({
      runDir: this.runDir,
      tables: this.tables,
      defaultBridge: { name: 'gantry0' },
      table: 'gantry',
      log: (message) => this.logged.push(message),
      onEvent: (action, network, id) =>
        this.events.push([action, network.name, id].filter(Boolean).join(' ')),
      ...this.options,
      ...options,
    })
  }
}

/** A request for one container on these networks; `more` completes the first endpoint's. */
export function sandboxRequest(
  containerId: string,
  networks: string[],
  more: Partial<EndpointRequest> = {},
): SandboxRequest {
  return {
    containerId,
    mode: networks[0] ?? 'none',
    endpoints: networks.map((network, index) => ({
      network,
      request: {
        containerId,
        containerName: `name-${containerId}`,
        hostname: '',
        settings: {},
        ...(index === 0 && more),
      },
    })),
    dns: { servers: [], search: [], options: [] },
  }
}

/** A server inside a namespace that tells each client which address it sees, and hangs up. */
export function echoPeer(namespaces: NetworkNamespaces, path: string, address: string, port: number): Server {
  const fd = namespaces.enter(path, () => openSocket('tcp', { address, port }))
  const server = createServer((socket) => {
    // Once the namespace is gone, no end of the connection is ever heard of.
    socket.unref()
    socket.end(socket.remoteAddress ?? '')
  })
  server.listen({ fd })
  return server
}

/** What a server answers to a client inside the namespace (of the host, without one); the error's code if it does not. */
export function ask(
  namespaces: NetworkNamespaces,
  path: string | null,
  host: string,
  port: number,
): Promise<string> {
  return new Promise((resolve) => {
    const open = () => openSocket('tcp', { address: host.includes(':') ? '::' : '0.0.0.0', port: 0 })
    const socket = socketOf(path === null ? open() : namespaces.enter(path, open))
    const timer = setTimeout(() => socket.destroy(Object.assign(new Error(), { code: 'TIMEOUT' })), patience)
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk
    })
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'))
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(text)
    })
    socket.connect({ host, port })
  })
}
