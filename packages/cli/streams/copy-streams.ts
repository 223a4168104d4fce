/** Copying between connections to the engine and the user's streams. */
import type { Duplex } from 'node:stream'
import { type Frame, FrameDecoder } from '@gantry/client'
import { isLost } from '../container/reconnect.ts'
import type { Output } from '../framework/command.ts'
import { writeTo } from './copy.ts'
import type { Input } from './input.ts'
import type { Progress } from './progress.ts'
import { rawMode } from './terminal.ts'

export interface CopyOptions {
  /** The container has a terminal: the user's becomes raw. */
  tty: boolean
  stdout?: Output
  stderr?: Output
  /** Where the output comes from, and whether it is one raw stream instead of frames. */
  output: AsyncIterable<Buffer>
  raw: boolean
  /** What is typed or piped in, and where it goes. */
  input?: Input
  inputTo?: Duplex
  /** Counts what is shown. Its engine says when the output is complete, if that is no raw stream. */
  progress?: Progress
}

/**
 * How copying came to its end. `ended`: the stream ended and nothing speaks against its being complete; `lost`: the
 * connection broke, or ended before its time; `detached`: the user typed the detach keys.
 */
export type CopyResult = 'ended' | 'detached' | 'lost'

/**
 * Copies until the engine ends the output or the user types the detach keys. The end of stdin half-closes its connection.
 * Without `progress` it rejects if the connection breaks; always, if the engine reports an error in the stream.
 */
export async function copyStreams(options: CopyOptions): Promise<CopyResult> {
  const { tty, input, inputTo } = options
  using _raw = tty && input ? rawMode(input.stdin) : { [Symbol.dispose]: () => {} }
  const copied = copyOutput(options)
  if (!input || !inputTo) return await copied
  const stop = input.copyTo(inputTo)
  try {
    return await Promise.race([copied, input.detached])
  } finally {
    stop()
  }
}

/** Shows the output only. */
export async function copyOutput(
  options: Pick<CopyOptions, 'stdout' | 'stderr' | 'output' | 'raw' | 'progress'>,
): Promise<CopyResult> {
  const { stdout, stderr, progress } = options
  try {
    for await (const frame of framesOf(options.output, options.raw)) {
      const data = progress ? progress.take(frame) : frame.data
      const output = frame.stream === 'stderr' ? stderr : stdout
      if (output && data.length > 0) await writeTo(output, data)
    }
  } catch (error) {
    if (progress && isLost(error)) return 'lost'
    throw error
  }
  return progress && !options.raw && !progress.complete ? 'lost' : 'ended'
}

async function* framesOf(output: AsyncIterable<Buffer>, raw: boolean): AsyncGenerator<Frame> {
  const frames = new FrameDecoder()
  for await (const bytes of output) {
    if (raw) yield { stream: 'stdout', data: bytes }
    else yield* frames.decode(bytes)
  }
}
