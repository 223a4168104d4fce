import { closeSync, openSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { GantryError, messageOf } from '@gantry/errors'
import type { Database, Table } from '../contracts.ts'
import { reserve, reserveLog } from './reserve.ts'

/**
 * Opens (or makes) the daemon's database file, readable by its owner only. Write-ahead logging: what `set` wrote
 * survives a killed daemon. Throws System when the file is not a database.
 */
export function openDatabase(path: string): Database {
  closeSync(openSync(path, 'a', 0o600))
  try {
    const connection = new DatabaseSync(path)
    connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 2000')
    return new SqliteDatabase(connection, path, reserve(connection, path))
  } catch (cause) {
    throw new GantryError('System', `cannot open the database ${path}: ${messageOf(cause)}`, { cause })
  }
}

class SqliteDatabase implements Database {
  readonly #connection: DatabaseSync
  readonly #path: string
  readonly #reserved: Disposable

  constructor(connection: DatabaseSync, path: string, reserved: Disposable) {
    this.#connection = connection
    this.#path = path
    this.#reserved = reserved
  }

  table<T>(name: string): Table<T> {
    if (!/^[a-z][a-z_]*$/.test(name)) throw new Error(`not a table name: ${name}`)
    this.#connection.exec(`CREATE TABLE IF NOT EXISTS ${name} (key TEXT PRIMARY KEY, value TEXT NOT NULL)`)
    return new SqliteTable<T>(this.#connection, name)
  }

  transaction<T>(work: () => T): T {
    this.#connection.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      this.#connection.exec('COMMIT')
      return result
    } catch (error) {
      // Of some failures, a full disk among them, SQLite has rolled back itself.
      if (this.#connection.isTransaction) this.#connection.exec('ROLLBACK')
      throw error
    }
  }

  close(): void {
    this.#connection.close()
    this.#reserved[Symbol.dispose]()
    reserveLog(this.#path)[Symbol.dispose]()
  }
}

/** Rows keep the rowid of their first insert (an upsert does not change it), which is what orders `values`. */
class SqliteTable<T> implements Table<T> {
  readonly #get: StatementSync
  readonly #set: StatementSync
  readonly #delete: StatementSync
  readonly #values: StatementSync

  constructor(connection: DatabaseSync, name: string) {
    this.#get = connection.prepare(`SELECT value FROM ${name} WHERE key = ?`)
    this.#set = connection.prepare(
      `INSERT INTO ${name} (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
    )
    this.#delete = connection.prepare(`DELETE FROM ${name} WHERE key = ?`)
    this.#values = connection.prepare(`SELECT value FROM ${name} ORDER BY rowid`)
  }

  get(key: string): T | undefined {
    const row = this.#get.get(key)
    return row === undefined ? undefined : (JSON.parse(String(row.value)) as T)
  }

  set(key: string, value: T): void {
    this.#set.run(key, JSON.stringify(value))
  }

  delete(key: string): boolean {
    return this.#delete.run(key).changes === 1
  }

  values(): T[] {
    return this.#values.all().map((row) => JSON.parse(String(row.value)) as T)
  }
}
