import { parseSize } from '@gantry/dockerfile/size'

/** Bytes of `--memory-swap`; -1 for no limit. Throws RangeError in Docker's words. */
export function parseMemorySwap(text: string): number {
  return text === '-1' ? -1 : parseSize(text)
}
