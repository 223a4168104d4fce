/** Looks for packages in the files of an image. For a worker thread: it blocks. */
import { createHash } from 'node:crypto'
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { type Walked, walkTree } from '@gantry/archive'
import {
  apkPackages,
  distributionOf,
  dpkgPackages,
  gemPackage,
  lockedPackages,
  npmPackage,
  pythonPackage,
} from './databases.ts'
import { goPackages } from './go-build-info.ts'
import type { Distribution, ImagePackage } from './package.ts'

export interface Scan {
  distribution: Distribution | null
  packages: ImagePackage[]
}

/** Bytes of a package database that are read. */
const largestDatabase = 64 * 1024 * 1024
const largestFile = 4 * 1024 * 1024
/** More than any image has. */
const mostPackages = 200_000

type Reader = (text: string, path: string, distribution: Distribution | null) => ImagePackage[]

/** Where databases are, by their path from the root. */
const readers: [RegExp, Reader, number][] = [
  [/^var\/lib\/dpkg\/status$/, dpkgPackages, largestDatabase],
  [/^var\/lib\/dpkg\/status\.d\/[^/]+$/, dpkgPackages, largestFile],
  [/^(usr\/)?lib\/apk\/db\/installed$/, apkPackages, largestDatabase],
  [/(^|\/)node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/, npmPackage, largestFile],
  [/(^|\/)package-lock\.json$/, lockedPackages, largestDatabase],
  [/(^|\/)specifications\/(default\/)?[^/]+\.gemspec$/, gemPackage, largestFile],
  [/\.(dist-info\/METADATA|egg-info\/PKG-INFO)$/, pythonPackage, largestFile],
]

/** No link is followed, so nothing outside of the root is read. */
export function scanPackages(root: string, stopped: () => void): Scan {
  const found: { read: Reader; text: string; path: string }[] = []
  const built: ImagePackage[] = []
  let distribution: Distribution | null = null
  for (const entry of filesOf(root, stopped)) {
    if (/^(etc|usr\/lib)\/os-release$/.test(entry.path))
      distribution ??= distributionOf(textOf(entry, largestFile))
    const reader = readers.find(([pattern]) => pattern.test(entry.path))
    if (isProgram(entry) && built.length < mostPackages) built.push(...modulesIn(entry))
    if (reader) found.push({ read: reader[1], text: textOf(entry, reader[2]), path: entry.path })
  }
  // The distribution may have been found after its database.
  const packages = found.flatMap(({ read, text, path }) => read(text, `/${path}`, distribution))
  return { distribution, packages: [...packages, ...built].slice(0, mostPackages) }
}

const isProgram = ({ info }: Walked): boolean => (info.mode & 0o111n) !== 0n && info.size > 4096n

function modulesIn({ fd, path }: Walked): ImagePackage[] {
  const file = openSync(`/proc/self/fd/${fd}`, constants.O_RDONLY)
  try {
    return goPackages(file, `/${path}`)
  } finally {
    closeSync(file)
  }
}

/** Each file with the digest of its content. */
export function digestFiles(
  root: string,
  stopped: () => void,
): { name: string; digest: { sha256: string } }[] {
  const files: { name: string; digest: { sha256: string } }[] = []
  for (const entry of filesOf(root, stopped)) {
    const hash = createHash('sha256')
    for (const chunk of contentOf(entry)) hash.update(chunk)
    files.push({ name: entry.path, digest: { sha256: hash.digest('hex') } })
  }
  return files
}

function* filesOf(root: string, stopped: () => void): Generator<Walked> {
  const top = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    for (const entry of walkTree(top)) {
      stopped()
      if (entry.info.isFile()) yield entry
    }
  } finally {
    closeSync(top)
  }
}

/** Empty for a file that is larger than what is read. */
function textOf(entry: Walked, largest: number): string {
  if (entry.info.size > BigInt(largest)) return ''
  return Buffer.concat([...contentOf(entry)].map((chunk) => Buffer.from(chunk))).toString('utf8')
}

function* contentOf({ fd, info }: Walked): Generator<Buffer> {
  const file = openSync(`/proc/self/fd/${fd}`, constants.O_RDONLY)
  try {
    const chunk = Buffer.allocUnsafe(Math.max(1, Math.min(Number(info.size), 256 * 1024)))
    for (let left = Number(info.size); left > 0; ) {
      const count = readSync(file, chunk, 0, Math.min(chunk.length, left), null)
      if (count === 0) return
      left -= count
      yield chunk.subarray(0, count)
    }
  } finally {
    closeSync(file)
  }
}
