import { fstatSync, write } from 'node:fs'
import { Writable } from 'node:stream'

/** How long to wait before a terminal or pipe that takes no more is tried again, in milliseconds. */
const pause = 5

/**
 * stdout or stderr, without what Node.js puts around them: in the compiled command `process.stdout` alone takes longer to
 * come up than everything else. It is asked only for the size of a terminal.
 */
export class StandardOutput extends Writable {
  readonly fd: 1 | 2
  readonly isTTY: boolean

  constructor(fd: 1 | 2) {
    // What comes while a write is under way goes out together with the next.
    super({ decodeStrings: true, highWaterMark: 512 * 1024 })
    this.fd = fd
    this.isTTY = isTerminal(fd)
  }

  get columns(): number {
    return this.#terminal?.columns ?? 0
  }

  get rows(): number {
    return this.#terminal?.rows ?? 0
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    write(this.fd, bytes, (error, written) => {
      if (error?.code === 'EAGAIN')
        setTimeout(() => this._write(bytes, 'buffer' as BufferEncoding, done), pause)
      else if (error) done(error)
      else if (written < bytes.length) this._write(bytes.subarray(written), 'buffer' as BufferEncoding, done)
      else done()
    })
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'buffer' as BufferEncoding, done)
  }

  get #terminal(): NodeJS.WriteStream | undefined {
    if (!this.isTTY) return undefined
    return this.fd === 1 ? process.stdout : process.stderr
  }
}

/** Device number of /dev/null. */
const nullDevice = 0x103

function isTerminal(fd: number): boolean {
  try {
    const status = fstatSync(fd)
    // The module that knows better takes time to load: only for what may be one.
    const mayBe = status.isCharacterDevice() && status.rdev !== nullDevice
    return mayBe && process.getBuiltinModule('node:tty').isatty(fd)
  } catch {
    return false
  }
}
