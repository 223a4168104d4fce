import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { messageOf } from '@gantry/errors'

/**
 * The file of `--cidfile`: claimed before the container is created, so that two callers cannot use the same; removed
 * again on disposal if no id was written.
 */
export class CidFile implements Disposable {
  readonly #path: string
  #written = false

  /** Throws if the file is there already or cannot be made. An empty path stands for no file. */
  constructor(path: string) {
    this.#path = path
    if (path === '') return
    if (existsSync(path)) {
      const hint = `make sure the other container isn't running or delete ${path}`
      throw new Error(`container ID file found, ${hint}`)
    }
    try {
      writeFileSync(path, '', { flag: 'wx' })
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
      const reason = missing ? `open ${path}: no such file or directory` : messageOf(error)
      throw new Error(`failed to create the container ID file: ${reason}`, { cause: error })
    }
  }

  write(id: string): void {
    if (this.#path === '') return
    writeFileSync(this.#path, id)
    this.#written = true
  }

  [Symbol.dispose](): void {
    if (this.#path !== '' && !this.#written) rmSync(this.#path, { force: true })
  }
}
