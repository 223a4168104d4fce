import type { LogMessage } from './message.ts'

/** Where a container's lines go. It connects when there is something to send, and again when that was interrupted. */
export interface Destination {
  /**
   * Resolves when the other side has the messages, as far as its protocol lets us know. Rejects when it may not have them
   * all: the same messages are then offered again. Once the signal is aborted it gives up at once.
   */
  send(messages: readonly LogMessage[], signal: AbortSignal): Promise<void>
  /** Milliseconds to wait before the n-th try after a failure, from 1 on. */
  retryDelay(attempt: number): number
  /** How many failures in a row are put up with before messages are given up. In blocking mode none ever are. */
  readonly maxRetries: number
  close(): void
}

/** Waits twice as long each time, from `first` up to `longest` milliseconds. */
export function backOff(attempt: number, first = 100, longest = 10_000): number {
  return Math.min(first * 2 ** Math.min(attempt - 1, 30), longest)
}
