/** A client's session from the daemon's side: what can be asked of the client while it is there. */
import { mkdir, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { GantryError, isKind } from '@gantry/errors'
import * as packet from '../files/packet.ts'
import { type FileSink, receiveTree } from '../files/receive.ts'
import { type FileSource, sendTree } from '../files/send.ts'
import { type Call, Channel, type Metadata } from '../grpc/channel.ts'
import { drained } from '../grpc/drained.ts'
import { readBlob, readContent, writeBlob, writeContent } from './content.ts'
import { type FilesRequest, filesMetadata } from './files-request.ts'
import {
  agentHeader,
  checkAgent,
  credentials,
  forwardAgent,
  getSecret,
  pull,
  uploadHeader,
} from './methods.ts'

export interface SessionDescription {
  id: string
  name: string
  /** The same for each session of one client in one directory; empty when it is not told. */
  sharedKey: string
  /** Paths of the methods that the client answers. */
  methods: readonly string[]
}

/** Bytes of a secret. */
const largestSecret = 500 << 10

/** Connections to one agent at a time. */
const mostAgentConnections = 32

export class CallerSession {
  readonly description: SessionDescription
  readonly #channel: Channel

  /** Takes the connection over. */
  constructor(description: SessionDescription, connection: Duplex) {
    this.description = description
    this.#channel = new Channel(connection)
  }

  /** Aborted when the client has gone. */
  get closed(): AbortSignal {
    return this.#channel.closed
  }

  close(): void {
    this.#channel.close()
  }

  supports({ path }: { path: string }): boolean {
    return this.description.methods.includes(path)
  }

  /** Takes in what is asked for of a directory of the client. Resolves to the bytes of content received. */
  async receiveFiles(request: FilesRequest, sink: FileSink, signal: AbortSignal): Promise<number> {
    await using call = this.#channel.open(packet.fileSync, { metadata: filesMetadata(request), signal })
    const received = await receiveTree(call, sink)
    await completed(call)
    return received
  }

  /** Sends a tree for `--output type=local`: the client chose where it goes. Resolves to the bytes of content sent. */
  async sendFiles(source: FileSource, signal: AbortSignal, metadata: Metadata = {}): Promise<number> {
    this.#mustSupport(packet.sendTree)
    await using call = this.#channel.open(packet.sendTree, { metadata, signal })
    const sent = await sendTree(call, source)
    await completed(call)
    return sent
  }

  /** Sends one file for `--output type=tar` and its like: the client chose where it goes. */
  async sendFile(
    content: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
    metadata: Metadata = {},
  ): Promise<void> {
    this.#mustSupport(packet.sendBytes)
    await using call = this.#channel.open(packet.sendBytes, { metadata, signal })
    for await (const data of content) await call.send({ data })
    await completed(call)
  }

  /** What the client offers under a path: an archive from its standard input. */
  async *pull(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    this.#mustSupport(pull)
    await using call = this.#channel.open(pull, { metadata: { [uploadHeader]: path }, signal })
    await call.end()
    for await (const { data } of call.messages()) yield data
  }

  /** A blob of one of the client's content stores, not verified. Rejects with NotFound. */
  readBlob(blob: { store: string; digest: string }, signal: AbortSignal): AsyncIterable<Uint8Array> {
    this.#mustSupport(readContent)
    return readBlob(this.#channel, blob, signal)
  }

  /** Gives one of the client's content stores a blob. */
  async writeBlob(
    blob: { store: string; digest: string; size: number },
    content: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<void> {
    this.#mustSupport(writeContent)
    await writeBlob(this.#channel, blob, content, signal)
  }

  /** Null when the client has no secret of that name. */
  async secret(id: string, signal: AbortSignal): Promise<Buffer | null> {
    if (!this.supports(getSecret)) return null
    try {
      const { data } = await this.#channel.call(getSecret, { id }, { signal })
      if (data.length > largestSecret)
        throw new GantryError('InvalidParameter', `secret ${id} is larger than ${largestSecret} bytes`)
      return Buffer.from(data)
    } catch (error) {
      if (isKind(error, 'NotFound')) return null
      throw error
    }
  }

  /** What the client has for a registry; null when it has nothing. */
  async credentials(host: string, signal: AbortSignal): Promise<{ username: string; secret: string } | null> {
    if (!this.supports(credentials)) return null
    const { username, secret } = await this.#channel.call(credentials, { host }, { signal })
    return secret === '' ? null : { username, secret }
  }

  /**
   * A socket in `directory` (made for it, and removed with it) that leads to an ssh agent of the client; null when the
   * client has none of that name.
   */
  async agent(
    id: string,
    directory: string,
    signal: AbortSignal,
  ): Promise<(AsyncDisposable & { path: string }) | null> {
    if (!this.supports(checkAgent) || !(await this.#hasAgent(id, signal))) return null
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const path = join(directory, 'agent.sock')
    const open = new Set<Socket>()
    const server = createServer((socket) => {
      open.add(socket)
      socket.on('error', () => socket.destroy())
      socket.once('close', () => open.delete(socket))
      if (open.size > mostAgentConnections) socket.destroy()
      else void this.#forward(id, socket, signal).catch(() => socket.destroy())
    })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    server.once('error', reject).listen(path, resolve)
    const close = async (): Promise<void> => {
      server.close()
      for (const socket of open) socket.destroy()
      await rm(directory, { recursive: true, force: true })
    }
    try {
      await promise
    } catch (error) {
      await close()
      throw error
    }
    return { path, [Symbol.asyncDispose]: close }
  }

  async #hasAgent(id: string, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#channel.call(checkAgent, { id }, { signal })
      return true
    } catch {
      signal.throwIfAborted()
      this.closed.throwIfAborted()
      return false
    }
  }

  async #forward(id: string, socket: Socket, signal: AbortSignal): Promise<void> {
    await using call = this.#channel.open(forwardAgent, { metadata: { [agentHeader]: id }, signal })
    const there = async (): Promise<void> => {
      for await (const data of socket) await call.send({ data: data as Buffer })
      await call.end()
    }
    const back = async (): Promise<void> => {
      for await (const { data } of call.messages()) if (!socket.write(data)) await drained(socket)
      socket.end()
    }
    await Promise.all([there(), back()])
  }

  #mustSupport(method: { path: string }): void {
    if (!this.supports(method))
      throw new GantryError('InvalidParameter', `the client does not answer ${method.path}`)
  }
}

/** Nothing more is said; resolves when the client has ended the call as well. */
async function completed<I, O>(call: Call<I, O>): Promise<void> {
  await call.end()
  for await (const _ of call.messages());
}
