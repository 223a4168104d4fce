/**
 * The rows of a table of an SQLite database ("Database File Format" of its documentation), read without SQLite: that cannot be
 * interrupted, and a hostile b-tree may go round in circles. Here no page is read twice.
 */
import { type Bytes, checkRange, DamagedDatabase, largestHeader } from './bytes.ts'
import { latestPages } from './sqlite-wal.ts'

/** SQLite's own bound. */
const deepest = 20
const mostColumns = 64
const [interiorTable, leafTable] = [5, 13]
/** The first page begins with the file's header. */
const fileHeader = 100

/** Null for NULL, and for the number of the row; texts are bytes too. */
export type Value = Buffer | number | null

/**
 * Each row of the table. `log` is the write-ahead log that lies beside the file, if one does. Throws DamagedDatabase, also
 * when there is no such table.
 */
export function* tableRows(file: Bytes, log: Bytes | null, table: string): Generator<Value[]> {
  const database = new Database(file, log)
  yield* database.rows(rootOf(database, table), 0)
}

/** Where the b-tree of a table begins: the schema has it, in the tree of the first page. */
function rootOf(database: Database, table: string): number {
  for (const [type, name, , root] of database.rows(1, 0))
    if (String(type) === 'table' && String(name) === table && typeof root === 'number') return root
  throw new DamagedDatabase(`it has no table ${table}`)
}

class Database {
  readonly #file: Bytes
  readonly #log: Bytes | null
  /** Where pages are that the log has anew. */
  readonly #latest: ReadonlyMap<number, number>
  readonly #pageSize: number
  /** Without what is reserved at the end of each page. */
  readonly #usable: number
  readonly #visited = new Set<number>()

  constructor(file: Bytes, log: Bytes | null) {
    const header = file.read(0, fileHeader)
    if (header.toString('latin1', 0, 16) !== 'SQLite format 3\0')
      throw new DamagedDatabase('it is no SQLite database')
    const size = header.readUInt16BE(16)
    this.#pageSize = size === 1 ? 65_536 : size
    this.#usable = this.#pageSize - header.readUInt8(20)
    const isPowerOfTwo = (size & (size - 1)) === 0
    if (this.#pageSize < 512 || !isPowerOfTwo || this.#usable < 480)
      throw new DamagedDatabase('its pages have an impossible size')
    this.#file = file
    this.#log = log
    // Only a database that says so has a log.
    this.#latest = log && header[19] === 2 ? latestPages(log, this.#pageSize) : new Map()
  }

  /** The rows below a page of a table's b-tree, in their order. */
  *rows(number: number, depth: number): Generator<Value[]> {
    if (depth > deepest) throw new DamagedDatabase('its tree is too deep')
    const page = this.#page(number)
    const at = number === 1 ? fileHeader : 0
    const type = page[at]
    if (type !== interiorTable && type !== leafTable)
      throw new DamagedDatabase('a page is not of the kind that belongs there')
    const cells = at + (type === interiorTable ? 12 : 8)
    const count = page.readUInt16BE(at + 3)
    checkRange(this.#usable, cells, 2 * count)
    for (let index = 0; index < count; index++) {
      const cell = page.readUInt16BE(cells + 2 * index)
      checkRange(this.#usable, cell, 4)
      if (type === leafTable) yield valuesOf(this.#payload(page, cell))
      else yield* this.rows(page.readUInt32BE(cell), depth + 1)
    }
    if (type === interiorTable) yield* this.rows(page.readUInt32BE(at + 8), depth + 1)
  }

  #page(number: number): Buffer {
    if (this.#visited.has(number)) throw new DamagedDatabase('its pages go round in a circle')
    this.#visited.add(number)
    const logged = this.#latest.get(number)
    const page =
      logged !== undefined && this.#log
        ? this.#log.read(logged, this.#pageSize)
        : this.#file.read((number - 1) * this.#pageSize, this.#pageSize)
    return page.subarray(0, this.#usable)
  }

  /** What a cell of a leaf holds: its beginning is on the page, and the rest on pages of its own when it is large. */
  #payload(page: Buffer, cell: number): Buffer {
    const [size, afterSize] = varint(page, cell)
    if (size > largestHeader) throw new DamagedDatabase('a row is too large')
    const [, start] = varint(page, afterSize)
    const local = this.#localSize(size)
    checkRange(page.length, start, local)
    const parts = [page.subarray(start, start + local)]
    let left = size - local
    if (left === 0) return parts[0] as Buffer
    checkRange(page.length, start + local, 4)
    for (let next = page.readUInt32BE(start + local); left > 0; ) {
      const more = this.#page(next)
      const part = more.subarray(4, 4 + left)
      parts.push(part)
      left -= part.length
      next = more.readUInt32BE(0)
    }
    return Buffer.concat(parts)
  }

  /** How much of a payload is on the page of its cell ("Cell Payload Overflow Pages"). */
  #localSize(size: number): number {
    const most = this.#usable - 35
    if (size <= most) return size
    const least = Math.floor(((this.#usable - 12) * 32) / 255) - 23
    const fitting = least + ((size - least) % (this.#usable - 4))
    return fitting <= most ? fitting : least
  }
}

/** "Record Format": the types of the columns, and then what is in them. */
function valuesOf(record: Buffer): Value[] {
  const [headerSize, first] = varint(record, 0)
  checkRange(record.length, 0, headerSize)
  const values: Value[] = []
  for (let [at, content] = [first, headerSize]; at < headerSize; ) {
    const [type, next] = varint(record, at)
    const size = sizeOf(type)
    checkRange(record.length, content, size)
    values.push(decode(type, record.subarray(content, content + size)))
    if (values.length > mostColumns) throw new DamagedDatabase('a row has too many columns')
    at = next
    content += size
  }
  return values
}

/** Bytes of a value of each type up to the constants. */
const sizes = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0]

function sizeOf(type: number): number {
  if (type === 10 || type === 11) throw new DamagedDatabase('a column is of no known type')
  return sizes[type] ?? Math.floor((type - 12) / 2)
}

function decode(type: number, content: Buffer): Value {
  if (type >= 12) return content
  if (type === 8 || type === 9) return type - 8
  if (type === 7) return content.readDoubleBE(0)
  if (type === 6) return Number(content.readBigInt64BE(0))
  return type === 0 ? null : content.readIntBE(0, content.length)
}

/** A number of one to nine bytes, and where the next one is; not exact above what a double holds. */
function varint(bytes: Buffer, start: number): [number, number] {
  let value = 0
  for (let index = 0; index < 9; index++) {
    checkRange(bytes.length, start + index, 1)
    const byte = bytes.readUInt8(start + index)
    if (index === 8) return [value * 256 + byte, start + 9]
    value = value * 128 + (byte & 0x7f)
    if (byte < 0x80) return [value, start + index + 1]
  }
  return [value, start + 9]
}
