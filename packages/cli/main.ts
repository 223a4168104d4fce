#!/usr/bin/env node
/** The `gantry` command; called as `gantryd` it is `gantry daemon`. */
import { basename } from 'node:path'
import { main } from './framework/dispatch.ts'

/** Resolves when all that was written has left the process (or nobody reads it any more). */
function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) return resolve()
    stream.once('error', () => resolve())
    stream.write('', () => resolve())
  })
}

/** What a process ends with that writes where nobody reads. */
const brokenPipe = 141

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(brokenPipe)
  })
}

const words = process.argv.slice(2)
const code = await main(basename(process.argv0) === 'gantryd' ? ['daemon', ...words] : words)
await Promise.all([flush(process.stdout), flush(process.stderr)])
process.exit(code)
