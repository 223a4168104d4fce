import { bun } from '@gantry/client'
import type { Output } from '../framework/command.ts'

/** How long to wait before a terminal or pipe that takes no more is tried again, in milliseconds. */
const pause = 5
/** Bytes that may wait for a slow reader before the command is told to wait, too. */
const enough = 512 * 1024

type Failed = (error: NodeJS.ErrnoException) => void

/**
 * stdout or stderr, without what Node.js puts around them: in the compiled command its streams alone take longer to come
 * up than everything else. `process.stdout` is asked only for the size of a terminal.
 */
export class StandardOutput implements Output {
  readonly fd: 1 | 2
  readonly #failed: Failed
  #isTTY: boolean | undefined
  #waiting: Buffer[] = []
  /** Bytes that are not written yet. */
  #size = 0
  /** Writing begins when the command has to wait for something: until then, what it writes is collected. */
  #soon: NodeJS.Immediate | undefined
  #writing: Promise<void> | undefined

  /** `failed` is told of an error in writing: what is not written yet is lost then. */
  constructor(fd: 1 | 2, failed: Failed) {
    this.fd = fd
    this.#failed = failed
  }

  get isTTY(): boolean {
    this.#isTTY ??= isTerminal(this.fd)
    return this.#isTTY
  }

  get columns(): number {
    return this.#terminal?.columns ?? 0
  }

  get rows(): number {
    return this.#terminal?.rows ?? 0
  }

  write(data: string | Uint8Array): boolean {
    const bytes = typeof data === 'string' ? Buffer.from(data) : asBuffer(data)
    this.#waiting.push(bytes)
    this.#size += bytes.length
    if (!this.#writing) this.#soon ??= setImmediate(() => this.#begin())
    return this.#size < enough
  }

  async drained(): Promise<void> {
    this.#begin()
    await this.#writing
  }

  /** Writes the rest. The last words of a command need no thread: there is nothing else to be done meanwhile. */
  async end(): Promise<void> {
    clearImmediate(this.#soon)
    await this.#writing
    await this.#writeAll((bytes) => writeLast(this.fd, bytes))
  }

  #begin(): void {
    clearImmediate(this.#soon)
    this.#soon = undefined
    this.#writing ??= this.#writeAll((bytes) => writeSome(this.fd, bytes)).finally(() => {
      this.#writing = undefined
    })
  }

  async #writeAll(some: (bytes: Buffer) => Promise<number>): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const bytes = this.#waiting.length === 1 ? (this.#waiting[0] as Buffer) : Buffer.concat(this.#waiting)
        this.#waiting = []
        for (let rest = bytes; rest.length > 0; ) rest = rest.subarray(await patiently(() => some(rest)))
        this.#size -= bytes.length
      }
    } catch (error) {
      this.#waiting = []
      this.#size = 0
      this.#failed(error as NodeJS.ErrnoException)
    }
  }

  get #terminal(): NodeJS.WriteStream | undefined {
    if (!this.isTTY) return undefined
    return this.fd === 1 ? process.stdout : process.stderr
  }
}

const asBuffer = (data: Uint8Array): Buffer =>
  Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.length)

/** Tries again while a non-blocking file takes nothing. Resolves to the bytes that were written. */
async function patiently(some: () => Promise<number>): Promise<number> {
  for (;;) {
    try {
      return await some()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }
}

async function writeSome(fd: number, bytes: Buffer): Promise<number> {
  const { write } = await nodeFs()
  return await new Promise((resolve, reject) => {
    write(fd, bytes, (error, written) => (error ? reject(error) : resolve(written)))
  })
}

/** The longest text that Bun writes as it is: for more it reserves room first, which leaves a hole in what is appended to. */
const short = 1024

/** Loaded so, the module takes the compiled command half of the time that `getBuiltinModule` does. */
const nodeFs = () => import('node:fs')

/** A short text goes out without `node:fs`, which a command that only prints its answer has no other need of. */
async function writeLast(fd: number, bytes: Buffer): Promise<number> {
  if (bun && bytes.length <= short) {
    const text = bytes.toString('utf8')
    if (Buffer.from(text).equals(bytes)) return await bun.write(fd, text)
  }
  return (await nodeFs()).writeSync(fd, bytes)
}

/** Device number of /dev/null. */
const nullDevice = 0x103

function isTerminal(fd: number): boolean {
  try {
    const status = process.getBuiltinModule('node:fs').fstatSync(fd)
    // The module that knows better takes time to load: only for what may be one.
    const mayBe = status.isCharacterDevice() && status.rdev !== nullDevice
    return mayBe && process.getBuiltinModule('node:tty').isatty(fd)
  } catch {
    return false
  }
}
