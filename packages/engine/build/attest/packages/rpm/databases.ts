/** rpm's databases, in each of the formats that it has used. */

import type { ImagePackage } from '../package.ts'
import { berkeleyHeaders } from './berkeley.ts'
import { type Bytes, DamagedDatabase, fileBytes } from './bytes.ts'
import { rpmPackage } from './header.ts'
import { ndbHeaders } from './ndb.ts'
import { tableRows } from './sqlite.ts'

const writeAheadLog = '-wal'

/** By their names, the newest first: of several in a directory rpm itself would read that one. */
const formats: readonly [string, (file: Bytes, log: Bytes | null) => Generator<Buffer>][] = [
  ['rpmdb.sqlite', sqliteHeaders],
  ['Packages.db', ndbHeaders],
  ['Packages', berkeleyHeaders],
]

/** Whether a path from the root is that of a database of rpm, or of a part of one. */
export const isRpmDatabase = (path: string): boolean =>
  /^(var\/lib|usr\/lib\/sysimage|usr\/share)\/rpm\/(rpmdb\.sqlite(-wal)?|Packages(\.db)?)$/.test(path)

/**
 * The packages in databases that are open, by their paths from the root. A damaged one tells of those before the damage;
 * `damaged` hears what is wrong with it.
 */
export function* rpmPackages(
  files: ReadonlyMap<string, number>,
  damaged: (path: string, what: string) => void,
): Generator<ImagePackage> {
  const directories = new Set([...files.keys()].map((path) => path.slice(0, path.lastIndexOf('/') + 1)))
  for (const directory of directories)
    for (const [name, headers] of formats) {
      const path = `${directory}${name}`
      const file = files.get(path)
      if (file === undefined) continue
      try {
        const log = files.get(`${path}${writeAheadLog}`)
        for (const header of headers(fileBytes(file), log === undefined ? null : fileBytes(log))) {
          const found = rpmPackage(header, `/${path}`)
          if (found) yield found
        }
      } catch (error) {
        if (!(error instanceof DamagedDatabase)) throw error
        damaged(path, error.message)
      }
      break
    }
}

function* sqliteHeaders(file: Bytes, log: Bytes | null): Generator<Buffer> {
  for (const [, header] of tableRows(file, log, 'Packages')) if (Buffer.isBuffer(header)) yield header
}
