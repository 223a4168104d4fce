import { lstatSync, readdirSync } from 'node:fs'
import { GantryError } from '@gantry/errors'
import koffi from 'koffi'
import { bind } from '../libc.ts'

const fcntl = bind('int fcntl(int fd, int command, long argument)')
const F_SETFD = 2
const FD_CLOEXEC = 1
const NFT_CTX_OUTPUT_JSON = 1 << 4

/** nftables refused a transaction; nothing of it was done. The message is nft's own, with the place it means. */
export class NftablesError extends Error {
  constructor(message: string) {
    super(`nftables: ${message}`)
    this.name = 'NftablesError'
  }
}

/**
 * libnftables(3), one context: what the `nft` program does, without starting it. The context belongs to the network
 * namespace in which it was made. Throws GantryError System when the library is not installed.
 */
export class Nftables implements Disposable {
  readonly #library: Library
  #context: unknown

  constructor(name = 'libnftables.so.1') {
    this.#library = load(name)
    const before = openDescriptors()
    this.#context = this.#library.create(0)
    // The library does not mark its netlink socket: without this every monitor and runtime would inherit it.
    for (const fd of openDescriptors()) if (!before.has(fd)) fcntl(fd, F_SETFD, FD_CLOEXEC)
    this.#library.bufferOutput(this.#context)
    this.#library.bufferError(this.#context)
  }

  /** Runs commands in nft(8)'s language as one transaction: all of them, or none and NftablesError. Returns the output. */
  run(commands: string): string {
    if (this.#context === null) throw new NftablesError('closed')
    const failed = this.#library.run(this.#context, commands) !== 0
    // Both buffers are emptied by reading them.
    const output = this.#library.output(this.#context)
    const error = this.#library.error(this.#context)
    if (failed) throw new NftablesError(error.trim() || 'failed without a word')
    return output
  }

  /** Runs a `list` command and returns the objects of its answer, as libnftables-json(5) has them. */
  list(command: string): Record<string, unknown>[] {
    if (this.#context === null) throw new NftablesError('closed')
    this.#library.setFlags(this.#context, NFT_CTX_OUTPUT_JSON)
    try {
      return (JSON.parse(this.run(command)) as { nftables: Record<string, unknown>[] }).nftables
    } finally {
      this.#library.setFlags(this.#context, 0)
    }
  }

  /** Idempotent. */
  close(): void {
    if (this.#context !== null) this.#library.free(this.#context)
    this.#context = null
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

interface Library {
  create(flags: number): unknown
  free(context: unknown): void
  run(context: unknown, commands: string): number
  bufferOutput(context: unknown): number
  bufferError(context: unknown): number
  output(context: unknown): string
  error(context: unknown): string
  setFlags(context: unknown, flags: number): void
}

function load(name: string): Library {
  try {
    const library = koffi.load(name)
    const bindFunction = <T>(prototype: string) => library.func(prototype) as T
    return {
      create: bindFunction('void *nft_ctx_new(uint32_t flags)'),
      free: bindFunction('void nft_ctx_free(void *ctx)'),
      run: bindFunction('int nft_run_cmd_from_buffer(void *ctx, const char *buffer)'),
      bufferOutput: bindFunction('int nft_ctx_buffer_output(void *ctx)'),
      bufferError: bindFunction('int nft_ctx_buffer_error(void *ctx)'),
      output: bindFunction('const char *nft_ctx_get_output_buffer(void *ctx)'),
      error: bindFunction('const char *nft_ctx_get_error_buffer(void *ctx)'),
      setFlags: bindFunction('void nft_ctx_output_set_flags(void *ctx, unsigned int flags)'),
    }
  } catch (cause) {
    const advice = 'install it (Debian: apt-get install libnftables1; Fedora: dnf install nftables)'
    throw new GantryError('System', `${name} is needed for bridge networks and cannot be loaded: ${advice}`, {
      cause,
    })
  }
}

/** Without the one that reading the directory itself took: its number is free again. */
function openDescriptors(): Set<number> {
  const numbers = readdirSync('/proc/self/fd').map(Number)
  return new Set(numbers.filter((fd) => lstatSync(`/proc/self/fd/${fd}`, { throwIfNoEntry: false })))
}
