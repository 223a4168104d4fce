/** An intake thread: reads blobs to their end, one at a time. It blocks in system calls; the daemon does not. */
import { createHash } from 'node:crypto'
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { Readable } from 'node:stream'
import { parentPort } from 'node:worker_threads'
import { failureOf, GantryError, isKind } from '@gantry/errors'
import type { Digest } from '@gantry/oci'
import { failedCall, SystemCallError } from '@gantry/syscall'
import { inherit } from '../layers/inherit.ts'
import { unpackLayer } from '../layers/unpack.ts'
import {
  type FromWorker,
  type IntakeJob,
  type IntakeResult,
  progressStep,
  type ToWorker,
} from './messages.ts'

const port = parentPort as NonNullable<typeof parentPort>
const send = (message: FromWorker) => port.postMessage(message)

const readSize = 256 * 1024

/** What the daemon sends for the job at hand. */
class Inbox {
  readonly id: number
  readonly #chunks: Buffer[] = []
  #ended: 'whole' | 'broken' | undefined
  #aborted = false
  #wake = () => {}

  constructor(id: number) {
    this.id = id
  }

  take(message: ToWorker): void {
    if (message.kind === 'chunk') this.#chunks.push(Buffer.from(message.bytes.buffer))
    else if (message.kind === 'end') this.#ended = 'whole'
    else if (message.kind === 'broken') this.#ended = 'broken'
    else if (message.kind === 'abort') this.#aborted = true
    this.#wake()
  }

  checkAborted(): void {
    if (this.#aborted) throw givenUp()
  }

  /** The next chunk; null at the end. */
  async next(): Promise<Buffer | null> {
    for (;;) {
      this.checkAborted()
      const chunk = this.#chunks.shift()
      if (chunk) {
        send({ kind: 'more', id: this.id })
        return chunk
      }
      if (this.#ended === 'broken') throw givenUp()
      if (this.#ended) return null
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}

const givenUp = () => new GantryError('Cancelled', 'taking the content in was given up')

/** The bytes of a blob: those of the file, then those that are sent, which are appended to it. Hashed on the way. */
class Intake {
  readonly #hash = createHash('sha256')
  readonly #job: IntakeJob
  readonly #inbox: Inbox
  #size = 0
  #told = 0

  constructor(job: IntakeJob, inbox: Inbox) {
    this.#job = job
    this.#inbox = inbox
  }

  async *read(): AsyncGenerator<Buffer> {
    const { path, more, expected } = this.#job
    const flags = more ? constants.O_RDWR | constants.O_CREAT : constants.O_RDONLY
    const fd = path === undefined ? null : openSync(path, flags | constants.O_NOFOLLOW, 0o600)
    try {
      if (fd !== null) yield* this.#stored(fd)
      if (!more || this.#size === expected.size) return
      send({ kind: 'open', id: this.#inbox.id, offset: this.#size })
      for (let chunk = await this.#inbox.next(); chunk !== null; chunk = await this.#inbox.next()) {
        if (fd !== null) for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at)
        this.#count(chunk)
        yield chunk
      }
    } finally {
      if (fd !== null) closeSync(fd)
    }
  }

  async *#stored(fd: number): AsyncGenerator<Buffer> {
    for (;;) {
      const chunk = Buffer.allocUnsafeSlow(readSize)
      const length = readSync(fd, chunk, 0, readSize, null)
      if (length === 0) return
      this.#count(chunk.subarray(0, length))
      yield chunk.subarray(0, length)
      // Lets an abort in.
      await new Promise((resolve) => setImmediate(resolve))
      this.#inbox.checkAborted()
    }
  }

  #count(chunk: Buffer): void {
    this.#size += chunk.length
    const { size } = this.#job.expected
    if (size !== undefined && this.#size > size) {
      throw new GantryError('InvalidParameter', `content is more than the ${size} bytes that were announced`)
    }
    this.#hash.update(chunk)
    if (this.#size - this.#told < progressStep && this.#size !== size) return
    this.#told = this.#size
    send({ kind: 'progress', id: this.#inbox.id, read: this.#size })
  }

  /** To be asked once, at the end. Throws InvalidParameter when the bytes are not what was expected. */
  check(): { digest: Digest; size: number } {
    const { digest, size } = this.#job.expected
    const actual: Digest = `sha256:${this.#hash.digest('hex')}`
    if (size !== undefined && size !== this.#size) {
      throw new GantryError('InvalidParameter', `content is ${this.#size} bytes where ${size} were announced`)
    }
    if (digest !== undefined && digest !== actual) {
      throw new GantryError('InvalidParameter', `content is ${actual} where ${digest} was announced`)
    }
    return { digest: actual, size: this.#size }
  }
}

async function takeIn(job: IntakeJob, inbox: Inbox): Promise<IntakeResult> {
  const intake = new Intake(job, inbox)
  const chunks = intake.read()
  try {
    if (!job.unpack) {
      for await (const _ of chunks);
      return { ...intake.check(), unpacked: null }
    }
    const { target, diffId, optional } = job.unpack
    const tree = await unpackLayer(Readable.from(shared(chunks), { objectMode: false }), target).catch(
      async (error) => {
        if (isOfTheMachine(error)) throw error
        // Bytes that were spoilt on the way make a broken archive: then that is what there is to say.
        for await (const _ of chunks);
        if (optional) return null
        intake.check()
        throw error
      },
    )
    // What comes after the archive counts as well.
    for await (const _ of chunks);
    const blob = intake.check()
    const unpacked = tree && { ...tree, diffId: tree.diffId ?? blob.digest }
    if (unpacked === null) return { ...blob, unpacked }
    if (diffId !== undefined && unpacked.diffId !== diffId) {
      throw new GantryError('InvalidParameter', `layer is ${unpacked.diffId} where ${diffId} was announced`)
    }
    return { ...blob, unpacked }
  } finally {
    await chunks.return(undefined)
  }
}

/** A reader of its own, whose end is not that of the source. */
async function* shared(chunks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value
}

/** What the machine says when it cannot do it; any other failing call was asked for by the archive. */
const machineFaults = ['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EMFILE', 'ENFILE', 'ENOMEM']

function isOfTheMachine(error: unknown): boolean {
  if (isKind(error)) return error.kind !== 'InvalidParameter'
  return machineFaults.includes(String((error as NodeJS.ErrnoException).code))
}

function describe(error: unknown): Extract<FromWorker, { kind: 'failed' }>['error'] {
  if (error instanceof GantryError) return { kind: error.kind, message: error.message, diskFull: false }
  const code = String((error as NodeJS.ErrnoException).code)
  const diskFull = code === 'ENOSPC' || code === 'EDQUOT'
  if (error instanceof SystemCallError) {
    const kind = machineFaults.includes(code) ? 'System' : 'InvalidParameter'
    return { kind, message: failedCall(error), diskFull }
  }
  const isBrokenCompression = /^(Z_|ZSTD_)/.test(code)
  return { kind: isBrokenCompression ? 'InvalidParameter' : 'System', message: failureOf(error), diskFull }
}

async function run(message: Extract<ToWorker, { kind: 'intake' | 'inherit' }>, inbox: Inbox): Promise<void> {
  const { id } = message
  try {
    const result = message.kind === 'intake' ? await takeIn(message.job, inbox) : null
    if (message.kind === 'inherit') inherit(message.job)
    send({ kind: 'done', id, result })
  } catch (error) {
    send({ kind: 'failed', id, error: describe(error) })
  }
}

let current: Inbox | undefined
port.on('message', (message: ToWorker) => {
  if (message.kind === 'intake' || message.kind === 'inherit') {
    current = new Inbox(message.id)
    void run(message, current)
  } else if (message.id === current?.id) current.take(message)
})
