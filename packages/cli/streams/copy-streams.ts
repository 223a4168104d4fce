/** Copying between a hijacked connection and the user's streams. */
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { FrameDecoder } from '@gantry/client'
import type { CommandContext, Output } from '../framework/command.ts'
import { DetachFilter } from './detach-keys.ts'
import { rawMode } from './terminal.ts'

export interface CopyOptions {
  /** The container has a terminal: its output is one raw stream, and the user's terminal becomes raw. */
  tty: boolean
  stdin?: CommandContext['stdin']
  stdout?: Output
  stderr?: Output
  /** What a user types to leave the container running. Looked for in a terminal only: bytes from a file may be any. */
  detachKeys?: Uint8Array
}

/**
 * Copies until the engine ends the stream (`ended`) or the user types the detach keys (`detached`). The end of stdin
 * half-closes the connection. Rejects if the connection breaks or the engine reports an error in the stream.
 */
export async function copyStreams(stream: Duplex, options: CopyOptions): Promise<'ended' | 'detached'> {
  using _raw = options.tty && options.stdin ? rawMode(options.stdin) : { [Symbol.dispose]: () => {} }
  const output = copyOutput(stream, options).then(() => 'ended' as const)
  const { stdin } = options
  if (stdin === undefined) return output
  const input = copyInput(stdin, stream, options.tty ? options.detachKeys : undefined)
  try {
    return await Promise.race([output, input.detached])
  } finally {
    input.stop()
  }
}

async function copyOutput(stream: Duplex, { tty, stdout, stderr }: CopyOptions): Promise<void> {
  const frames = new FrameDecoder()
  for await (const bytes of stream as AsyncIterable<Buffer>) {
    if (tty) {
      await write(stdout, bytes)
      continue
    }
    for (const frame of frames.decode(bytes)) {
      await write(frame.stream === 'stderr' ? stderr : stdout, frame.data)
    }
  }
}

async function write(output: Output | undefined, bytes: Buffer): Promise<void> {
  if (output !== undefined && !output.write(bytes)) await once(output, 'drain')
}

/** Copies what is typed or piped in. `detached` resolves only when the detach keys were typed. */
function copyInput(
  stdin: CommandContext['stdin'],
  stream: Duplex,
  keys: Uint8Array | undefined,
): { detached: Promise<'detached'>; stop: () => void } {
  const filter = keys && new DetachFilter(keys)
  const { promise, resolve } = Promise.withResolvers<'detached'>()
  const take = (bytes: Buffer) => {
    const { data, detached } = filter?.feed(bytes) ?? { data: bytes, detached: false }
    if (!stream.write(data)) stdin.pause()
    if (detached) resolve('detached')
  }
  const more = () => void stdin.resume()
  const end = () => void stream.end()
  // What the container does not read any more is not an error; its output tells how it ended.
  stream.on('error', () => {})
  stream.on('drain', more)
  stdin.on('data', take)
  stdin.on('end', end)
  stdin.on('error', end)
  const stop = () => {
    stream.off('drain', more)
    stdin.off('data', take)
    stdin.off('end', end)
    stdin.pause()
  }
  return { detached: promise, stop }
}
