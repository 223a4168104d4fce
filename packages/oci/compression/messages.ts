/** What a decoding thread says: it may ask for input and wait for its output to be taken at the same time. */
export type FromDecoder =
  | { kind: 'wants' }
  | { kind: 'output'; bytes: Uint8Array<ArrayBuffer> }
  | { kind: 'ended' }
  | { kind: 'failed'; message: string }

/** The answer to `wants` (null at the end), and to `output`. */
export type ToDecoder = { kind: 'input'; bytes: Uint8Array | null } | { kind: 'taken' }
