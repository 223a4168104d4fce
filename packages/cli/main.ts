#!/usr/bin/env node
/** The `gantry` command; called as `gantryd` it is `gantry daemon`. */
import { main } from './framework/dispatch.ts'
import { StandardOutput } from './streams/standard-output.ts'

/** What a process ends with that writes where nobody reads. */
const brokenPipe = 141

const failed = (error: NodeJS.ErrnoException): never => process.exit(error.code === 'EPIPE' ? brokenPipe : 1)
const stdout = new StandardOutput(1, failed)
const stderr = new StandardOutput(2, failed)

const words = process.argv.slice(2)
const isDaemon = /(^|\/)gantryd$/.test(process.argv0)
const code = await main(isDaemon ? ['daemon', ...words] : words, { stdout, stderr })
// Nothing may be lost that was written.
for (const output of [stdout, stderr]) await output.end()
process.exit(code)
