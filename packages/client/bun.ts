/** What is used of Bun, which runs the compiled command: its own functions are up and ready where Node.js's modules are not. */
import type { BunConnect } from './bun-stream.ts'

export interface BunRuntime {
  /** https://bun.com/docs/runtime/networking/tcp */
  connect: BunConnect
  CryptoHasher: { hash(algorithm: 'sha256', text: string, encoding: 'hex'): string }
  /** Maps a file; throws the error of the system call. */
  mmap(path: string): Uint8Array
  /** Writes all of a text of up to 1024 bytes; waits while a descriptor that does not block takes none. Rejects with the error of the system call. */
  write(descriptor: number, text: string): Promise<number>
}

/** Null where the command is run by Node.js. */
export const bun: BunRuntime | null = (globalThis as { Bun?: BunRuntime }).Bun ?? null
