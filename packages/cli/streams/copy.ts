import type { Output } from '../framework/command.ts'

/** Writes all that comes, no faster than its reader takes it. */
export async function copy(source: AsyncIterable<Uint8Array>, output: Output): Promise<void> {
  for await (const bytes of source) await writeTo(output, bytes)
}

/** Writes; waits while the reader is slower than what comes. */
export async function writeTo(output: Output, bytes: Uint8Array): Promise<void> {
  if (!output.write(bytes)) await output.drained()
}
