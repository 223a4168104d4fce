/** The receiving side of a tree. */
import { GantryError } from '@gantry/errors'
import { typeOf } from './mode.ts'
import { PathOrder } from './order.ts'
import type { FileStat, Packet } from './packet.ts'
import { packetType, Stat } from './packet.ts'

/** Entries of one tree. */
const mostFiles = 1_000_000

/** Bytes of all that is told of them: paths, targets of links, attributes. */
const mostMetadata = 256 << 20

/** What takes a tree in. Calls come one after another. */
export interface FileSink {
  /** An entry: each directory before what is in it. Answers whether its content is wanted, of a file. */
  entry(stat: FileStat): boolean | Promise<boolean>
  /** A piece of a file's content; `data` is valid only until the promise settles. */
  data(path: string, data: Uint8Array): void | Promise<void>
  /** The content of a file is complete. */
  complete(path: string): void | Promise<void>
  /** Every entry has been told; content may still come. */
  listed?(): void | Promise<void>
}

export interface PacketPeer {
  messages(): AsyncIterable<Packet>
  send(packet: Partial<Packet>): Promise<void>
}

/** Resolves to the bytes of content received, once the sender knows that everything is there. */
export async function receiveTree(peer: PacketPeer, sink: FileSink): Promise<number> {
  return new Receiver(peer, sink).run()
}

class Receiver {
  readonly #peer: PacketPeer
  readonly #sink: FileSink
  readonly #order = new PathOrder()
  /** Files whose content has not all come, by number. */
  readonly #open = new Map<number, { path: string; left: number }>()
  #count = 0
  #metadata = 0
  #received = 0
  #isListed = false
  #isFinished = false

  constructor(peer: PacketPeer, sink: FileSink) {
    this.#peer = peer
    this.#sink = sink
  }

  async run(): Promise<number> {
    for await (const packet of this.#peer.messages()) {
      if (packet.type === packetType.finish) {
        if (!this.#isFinished) throw new GantryError('InvalidParameter', 'the sender has stopped early')
        return this.#received
      }
      await this.#take(packet)
      await this.#finish()
    }
    if (this.#isFinished) return this.#received
    throw new GantryError('Unavailable', 'the files have not come whole')
  }

  async #take({ type, stat, id, data }: Packet): Promise<void> {
    if (type === packetType.stat) return stat ? this.#entry(stat) : this.#listed()
    if (type === packetType.data) return this.#data(id, data)
    if (type === packetType.error)
      throw new GantryError('InvalidParameter', Buffer.from(data).toString().slice(0, 4096))
    throw new GantryError('InvalidParameter', `unexpected packet ${type}`)
  }

  async #entry(given: Partial<FileStat>): Promise<void> {
    const stat = { ...emptyStat, ...given }
    if (stat.size < 0) throw new GantryError('InvalidParameter', `${stat.path} has a size below zero`)
    this.#metadata += metadataOf(stat)
    if (this.#metadata > mostMetadata)
      throw new GantryError('InvalidParameter', `more than ${mostMetadata} bytes of names and attributes`)
    if (this.#isListed || this.#count >= mostFiles)
      throw new GantryError('InvalidParameter', `more than ${mostFiles} files in a context`)
    const id = this.#count++
    const type = typeOf(stat.mode)
    this.#order.accept(stat.path, type === 'directory')
    const isWanted = await this.#sink.entry(stat)
    if (!isWanted || type !== 'file') return
    this.#open.set(id, { path: stat.path, left: stat.size })
    await this.#peer.send({ type: packetType.request, id })
  }

  async #listed(): Promise<void> {
    this.#isListed = true
    await this.#sink.listed?.()
  }

  async #data(id: number, data: Uint8Array): Promise<void> {
    const file = this.#open.get(id)
    if (!file) throw new GantryError('InvalidParameter', `content of file ${id}, which was not asked for`)
    if (data.length === 0) {
      this.#open.delete(id)
      return this.#sink.complete(file.path)
    }
    // A file that grows meanwhile is taken as long as it was; a client cannot fill the disk with one that it called small.
    const piece = data.length > file.left ? data.subarray(0, file.left) : data
    if (piece.length === 0) return
    file.left -= piece.length
    this.#received += piece.length
    await this.#sink.data(file.path, piece)
  }

  async #finish(): Promise<void> {
    if (!this.#isListed || this.#open.size > 0 || this.#isFinished) return
    this.#isFinished = true
    await this.#peer.send({ type: packetType.finish })
  }
}

function metadataOf({ path, linkname, xattrs }: FileStat): number {
  let size = path.length + linkname.length
  for (const [name, value] of xattrs) size += name.length + value.length
  return size
}

const emptyStat: FileStat = Stat.decode(new Uint8Array(0))
