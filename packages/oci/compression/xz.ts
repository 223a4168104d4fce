/**
 * xz, by the WebAssembly of `xz-decompress` (xz-embedded). It refuses dictionaries above 64 MiB, which is what `xz -9`
 * makes, and reads streams that follow one another.
 */
import { createRequire } from 'node:module'
import { GantryError, messageOf } from '@gantry/errors'
import type * as XzDecompress from 'xz-decompress'

/** Results of xz-embedded (linux/xz.h). */
const problems: Record<string, string> = {
  3: 'not enough memory',
  4: 'its dictionary is larger than 64 MiB',
  5: 'file format not recognized',
  6: 'unsupported options',
  7: 'compressed data is corrupt',
  8: 'unexpected EOF',
}

/** Decodes xz data. Throws InvalidParameter for data that is damaged, ends early or wants a larger dictionary. */
export async function* decodeXz(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  // Its one bundle is CommonJS without names for ES modules.
  const { XzReadableStream } = createRequire(import.meta.url)('xz-decompress') as typeof XzDecompress
  try {
    const output = new XzReadableStream(ReadableStream.from(input))
    for await (const piece of output) if (piece.length > 0) yield piece as Uint8Array<ArrayBuffer>
  } catch (error) {
    const code = /^get_next_output failed with error code (\d+)$/.exec(messageOf(error))?.[1]
    if (code === undefined) throw error
    const what = problems[code] ?? `error ${code}`
    throw new GantryError('InvalidParameter', `xz data invalid: ${what}`, { cause: error })
  }
}
