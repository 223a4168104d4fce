/**
 * Decodes a compressed format. What it gives are pieces of at most 256 KiB, each the reader's own; it takes input when it
 * needs it. Fails with InvalidParameter when the data is broken or ends early.
 */
export type Decode = (input: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array<ArrayBuffer>>
