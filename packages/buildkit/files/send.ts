/** The sending side of a tree. */
import { GantryError, messageOf } from '@gantry/errors'
import { type FileStat, type Packet, packetType } from './packet.ts'
import type { PacketPeer } from './receive.ts'

export interface FileSource {
  /** The entries in the order of a walk (see order.ts). */
  entries(): Iterable<FileStat> | AsyncIterable<FileStat>
  /** Content of a file, in pieces of at most a MiB. */
  content(stat: FileStat): Iterable<Uint8Array> | AsyncIterable<Uint8Array>
}

/** Sends a tree and what the receiver asks of it. Resolves to the bytes of content sent. */
export async function sendTree(peer: PacketPeer, source: FileSource): Promise<number> {
  return new Sender(peer, source).run()
}

class Sender {
  readonly #peer: PacketPeer
  readonly #source: FileSource
  readonly #files: FileStat[] = []
  readonly #wanted: number[] = []
  #sent = 0
  #wake = Promise.withResolvers<void>()
  #isOver = false
  /** What the source could not do; the receiver is told, and gives up. */
  #failure: unknown

  constructor(peer: PacketPeer, source: FileSource) {
    this.#peer = peer
    this.#source = source
  }

  async run(): Promise<number> {
    const listing = this.#list()
    const sending = this.#sendWanted()
    for (const work of [listing, sending]) work.catch((error: unknown) => this.#fail(error))
    try {
      await this.#listen()
    } catch (error) {
      throw this.#failure ?? error
    } finally {
      this.#isOver = true
      this.#wake.resolve()
    }
    await Promise.all([listing, sending])
    await this.#peer.send({ type: packetType.finish })
    return this.#sent
  }

  async #list(): Promise<void> {
    for await (const stat of this.#source.entries()) {
      if (this.#isOver) return
      this.#files.push(stat)
      await this.#peer.send({ type: packetType.stat, stat })
    }
    await this.#peer.send({ type: packetType.stat })
  }

  /** Until the receiver has everything. */
  async #listen(): Promise<void> {
    for await (const { type, id, data } of this.#peer.messages()) {
      if (type === packetType.finish) return
      if (type === packetType.error) throw new GantryError('System', Buffer.from(data).toString())
      if (type !== packetType.request || id >= this.#files.length)
        throw new GantryError('InvalidParameter', `unexpected packet ${type} for file ${id}`)
      // Each file is asked for once.
      if (this.#wanted.length >= this.#files.length)
        throw new GantryError('InvalidParameter', 'more files are asked for than there are')
      this.#wanted.push(id)
      this.#wake.resolve()
    }
    throw new GantryError('Cancelled', 'the receiver has given up')
  }

  async #sendWanted(): Promise<void> {
    while (!this.#isOver) {
      const ids = this.#wanted.splice(0)
      for (const id of ids) await this.#sendFile(id)
      if (this.#wanted.length > 0) continue
      await this.#wake.promise
      this.#wake = Promise.withResolvers<void>()
    }
  }

  async #sendFile(id: number): Promise<void> {
    const stat = this.#files[id]
    if (!stat || this.#isOver) return
    for await (const data of this.#source.content(stat)) {
      if (data.length === 0) continue
      this.#sent += data.length
      await this.#peer.send({ type: packetType.data, id, data })
    }
    await this.#peer.send({ type: packetType.data, id })
  }

  #fail(error: unknown): void {
    this.#failure ??= error
    const data = Buffer.from(messageOf(error))
    this.#peer.send({ type: packetType.error, data } satisfies Partial<Packet>).catch(() => undefined)
  }
}
