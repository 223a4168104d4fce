#!/usr/bin/env node
/** The `gantry` command. */
import { main } from './framework/dispatch.ts'

/** Resolves when all that was written has left the process (or nobody reads it any more). */
function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve()
    else {
      stream.once('error', () => resolve())
      stream.write('', () => resolve())
    }
  })
}

main(process.argv.slice(2)).then(async (code) => {
  await Promise.all([flush(process.stdout), flush(process.stderr)])
  process.exit(code)
})
