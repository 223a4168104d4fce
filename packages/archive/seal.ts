/** An upper directory that is to be a layer: its archive in a file, and the directory itself as the archive unpacks to. */
import { createHash } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs'
import { posix } from 'node:path'
import { bytesOfName } from '@gantry/oci'
import { openInRoot, setTimesAt } from '@gantry/syscall'
import { descriptorPath, pathOf } from './descriptor-path.ts'
import type { SealedLayer, Upper } from './messages.ts'
import { packUpper } from './pack.ts'
import type { Sink } from './packer.ts'
import { removeFileAt, removeTreeAt } from './remove-tree.ts'
import { walkUpper } from './upper.ts'

const O_PATH = 0o10000000
const { O_RDONLY, O_DIRECTORY, O_WRONLY, O_CREAT, O_EXCL } = constants

/**
 * Writes the layer to the new file `path`. Mount points that the OCI runtime made leave the directory. `stopped` is asked
 * now and then, and throws to end the work.
 */
export function sealLayer(
  { upper, lower, mountPoints, latest }: Upper,
  path: string,
  stopped: () => void,
): SealedLayer {
  using opened = new DisposableStack()
  const top = opened.adopt(openSync(upper, O_RDONLY | O_DIRECTORY), closeSync)
  const file = opened.adopt(openSync(path, O_WRONLY | O_CREAT | O_EXCL, 0o600), closeSync)
  const sink = new HashingFile(file, stopped)
  const ignored: string[] = []
  const contentSize = packUpper(
    walkUpper(top, lower, mountPoints, (made) => ignored.push(made)),
    sink,
    latest,
  )
  for (const made of ignored) removeMountPoint(top, made)
  // What an archive says nothing of: the top directory.
  chownSync(descriptorPath(top), 0, 0)
  chmodSync(descriptorPath(top), 0o755)
  return { ...sink.finish(), contentSize }
}

/** The directory that it was in keeps the time that the archive tells of. */
function removeMountPoint(top: number, path: string): void {
  const parent = openInRoot(top, bytesOfName(posix.dirname(path)), O_PATH | O_DIRECTORY)
  try {
    const { mtimeNs } = fstatSync(parent, { bigint: true })
    const name = bytesOfName(posix.basename(path))
    if (lstatSync(pathOf(parent, name)).isDirectory()) removeTreeAt(parent, name)
    else removeFileAt(parent, name)
    const seconds = Number(mtimeNs / 1_000_000_000n)
    setTimesAt(parent, Buffer.from('.'), { seconds, nanoseconds: Number(mtimeNs % 1_000_000_000n) })
  } finally {
    closeSync(parent)
  }
}

const bufferSize = 1 << 20

/** A file that is hashed while it is written. */
class HashingFile implements Sink {
  readonly #file: number
  readonly #stopped: () => void
  readonly #hash = createHash('sha256')
  readonly #buffer = Buffer.allocUnsafeSlow(bufferSize)
  #filled = 0
  #size = 0

  constructor(file: number, stopped: () => void) {
    this.#file = file
    this.#stopped = stopped
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + bufferSize - this.#filled)
      this.#buffer.set(part, this.#filled)
      this.#add(part.length)
      at += part.length
    }
  }

  writeFile(fd: number, position: number, length: number): void {
    for (let done = 0; done < length; ) {
      const most = Math.min(bufferSize - this.#filled, length - done)
      const count = readSync(fd, this.#buffer, this.#filled, most, position + done)
      if (count === 0) this.#buffer.fill(0, this.#filled, this.#filled + most)
      this.#add(count || most)
      done += count || most
    }
  }

  #add(bytes: number): void {
    this.#filled += bytes
    if (this.#filled === bufferSize) this.#flush()
  }

  #flush(): void {
    this.#stopped()
    const bytes = this.#buffer.subarray(0, this.#filled)
    this.#hash.update(bytes)
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at)
    this.#size += bytes.length
    this.#filled = 0
  }

  finish(): Pick<SealedLayer, 'digest' | 'size'> {
    this.#flush()
    return { digest: `sha256:${this.#hash.digest('hex')}`, size: this.#size }
  }
}
