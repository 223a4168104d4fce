/** The command line of `gantryd`. */
import { writeSync } from 'node:fs'
import { messageOf } from '@gantry/errors'
import { loadConfig } from './config/config.ts'
import { parseFlags } from './config/flags.ts'
import { helpText } from './config/help.ts'
import type { OptionValues } from './config/option-values.ts'
import { createLogger } from './log.ts'
import { productVersion } from './version.ts'

/** Exit codes as dockerd's: 125 for a command line that makes no sense, 1 for everything else. */
const usageError = 125
const failure = 1

/** Runs the daemon in the foreground, or answers `--help` and the like. Resolves to the exit code. */
export async function main(args: string[]): Promise<number> {
  let flags: OptionValues
  try {
    flags = parseFlags(args)
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\nSee 'gantryd --help'.\n`)
    return usageError
  }
  if (flags.help) return print(helpText())
  if (flags.version) return print(`Gantry version ${productVersion}\n`)
  try {
    return await start(flags)
  } catch (error) {
    process.stderr.write(`failed to start daemon: ${messageOf(error)}\n`)
    return failure
  }
}

async function start(flags: OptionValues): Promise<number> {
  const { config, warnings } = await loadConfig(flags)
  if (flags.validate) return print('configuration OK\n')
  const log = createLogger({ level: config.live.logLevel, format: config.logFormat }, (line) =>
    writeLine(line),
  )
  for (const warning of warnings) log.warn(warning)
  // Loaded only now, so that the short commands are quick.
  const { runDaemon } = await import('./daemon.ts')
  await runDaemon({ config, flags, log, environment: process.env })
  return 0
}

/** Log lines go out at once, also when the process is about to end; a reader that has gone is no reason to fail. */
function writeLine(line: string): void {
  try {
    writeSync(2, line)
  } catch {
    // nowhere left to say it
  }
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}
