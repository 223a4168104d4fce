/**
 * What a command is. Its name, aliases, usage, help, flags and argument counts are data (generated/tree.json); what it does is a
 * `CommandRun`, found by the command's canonical path in commands/index.ts.
 */
import type { Readable } from 'node:stream'
import type { Client, ConfigFile } from '@gantry/client'

/**
 * The values of a command's flags, parsed and checked by their type, asked for by long name. A flag that was not given has
 * the default of the command tree. Asking for a flag the command does not have, or as another type, is a programming
 * error and throws a TypeError.
 */
export interface Flags {
  bool(name: string): boolean
  /** Types string, ip, pem-file …: the text as given; '' when there is neither value nor default. */
  string(name: string): string
  /** Types int, int64, uint16, uint64, float. */
  number(name: string): number
  /** Type bytes (`64m`), in bytes. */
  bytes(name: string): number
  /** Type duration (`1m30s`), in nanoseconds. */
  duration(name: string): number
  /** Every multiple flag, in the order given; comma-separated only for the types that split (stringSlice). */
  list(name: string): string[]
  /** Types map and stringToString: `key=value`; a key alone has the value ''. */
  map(name: string): Record<string, string>
  /** Type filter: `key=value` pairs as the API wants them. */
  filters(name: string): Record<string, string[]>
  /** Whether the user gave the flag. */
  changed(name: string): boolean
}

/** Where a command writes. */
export interface Output {
  readonly isTTY: boolean
  /** Of a terminal; 0 where it is not known. */
  readonly columns: number
  readonly rows: number
  /** Takes the bytes over. False when their reader is slower than the command: wait for `drained`. */
  write(data: string | Uint8Array): boolean
  drained(): Promise<void>
}

/** What the command may use of the world. Tests build one with fakes. */
export interface CommandContext {
  /** `gantry`. */
  readonly program: string
  /** As the user typed it, with the program: `gantry container ls`. */
  readonly commandPath: string
  /** Made at first use; no connection is opened before the first request. */
  readonly client: Client
  /** `~/.docker/config.json`, read at first use. */
  readonly config: ConfigFile
  /** Only to be looked at by a command that reads it: it takes a while to come up. */
  readonly stdin: Readable & { isTTY?: boolean; setRawMode?(mode: boolean): unknown }
  readonly stdout: Output
  readonly stderr: Output
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * Runs the command. The exit code is what it returns, 0 for nothing. Whatever it throws is printed on stderr: an
 * ExitError with its own code, any other error with code 1.
 */
export type CommandRun = (
  context: CommandContext,
  args: readonly string[],
  flags: Flags,
) => Promise<number | undefined> | Promise<void>

/** Ends the command with this code. An empty message prints nothing. */
export class ExitError extends Error {
  readonly code: number

  constructor(code: number, message = '', options?: ErrorOptions) {
    super(message, options)
    this.name = 'ExitError'
    this.code = code
  }
}
