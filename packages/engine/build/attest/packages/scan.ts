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
import { Findings } from './findings.ts'
import { goPackages } from './go-build-info.ts'
import type { Distribution, ImagePackage } from './package.ts'
import { isRpmDatabase, rpmPackages } from './rpm/databases.ts'

export interface Scan {
  distribution: Distribution | null
  packages: ImagePackage[]
  /** Why packages may be missing, in a sentence each. */
  gaps: string[]
}

/** Bytes of a package database that are read. */
const largestDatabase = 64 * 1024 * 1024
const largestLock = 16 * 1024 * 1024
const largestFile = 4 * 1024 * 1024

type Reader = (text: string, path: string) => Iterable<ImagePackage>

/** Where databases that are texts are, by their path from the root. */
const readers: [RegExp, Reader, number][] = [
  [/^var\/lib\/dpkg\/status$/, dpkgPackages, largestDatabase],
  [/^var\/lib\/dpkg\/status\.d\/[^/]+$/, dpkgPackages, largestFile],
  [/^(usr\/)?lib\/apk\/db\/installed$/, apkPackages, largestDatabase],
  [/(^|\/)node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/, npmPackage, largestFile],
  [/(^|\/)package-lock\.json$/, lockedPackages, largestLock],
  [/(^|\/)specifications\/(default\/)?[^/]+\.gemspec$/, gemPackage, largestFile],
  [/\.(dist-info\/METADATA|egg-info\/PKG-INFO)$/, pythonPackage, largestFile],
]

/** No link is followed, so nothing outside of the root is read. Throws InvalidParameter for more than any image has. */
export function scanPackages(root: string, stopped: () => void): Scan {
  const findings = new Findings()
  const rpmFiles = new Map<string, number>()
  let distribution: Distribution | null = null
  const damaged = (path: string, what: string): void => findings.leaveOut(path, what)
  try {
    for (const entry of filesOf(root, stopped)) {
      if (/^(etc|usr\/lib)\/os-release$/.test(entry.path))
        distribution ??= distributionOf(textOf(entry, largestFile) ?? '')
      if (isRpmDatabase(entry.path)) rpmFiles.set(entry.path, open(entry))
      for (const found of packagesIn(entry, findings)) findings.add(found)
    }
    for (const found of rpmPackages(rpmFiles, damaged)) {
      stopped()
      findings.add(found)
    }
  } finally {
    for (const file of rpmFiles.values()) closeSync(file)
  }
  return { distribution, packages: findings.packages, gaps: findings.gaps }
}

function packagesIn(entry: Walked, findings: Findings): Iterable<ImagePackage> {
  const [, read, largest] = readers.find(([pattern]) => pattern.test(entry.path)) ?? []
  if (!read || !largest) return isProgram(entry) ? modulesIn(entry) : []
  const text = textOf(entry, largest)
  if (text !== null) return read(text, `/${entry.path}`)
  findings.leaveOut(entry.path, `it is larger than ${largest} bytes`)
  return []
}

const isProgram = ({ info }: Walked): boolean => (info.mode & 0o111n) !== 0n && info.size > 4096n

function modulesIn(entry: Walked): ImagePackage[] {
  const file = open(entry)
  try {
    return goPackages(file, `/${entry.path}`)
  } finally {
    closeSync(file)
  }
}

const open = ({ fd }: Walked): number => openSync(`/proc/self/fd/${fd}`, constants.O_RDONLY)

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

/** Null for a file that is larger than what is read. */
function textOf(entry: Walked, largest: number): string | null {
  if (entry.info.size > BigInt(largest)) return null
  return Buffer.concat([...contentOf(entry)].map((chunk) => Buffer.from(chunk))).toString('utf8')
}

function* contentOf(entry: Walked): Generator<Buffer> {
  const size = Number(entry.info.size)
  const file = open(entry)
  try {
    const chunk = Buffer.allocUnsafe(Math.max(1, Math.min(size, 256 * 1024)))
    for (let left = size; left > 0; ) {
      const count = readSync(file, chunk, 0, Math.min(chunk.length, left), null)
      if (count === 0) return
      left -= count
      yield chunk.subarray(0, count)
    }
  } finally {
    closeSync(file)
  }
}
