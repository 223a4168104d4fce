/** Commands of a test that must succeed, or must not. */
import assert from 'node:assert/strict'
import type { CommandResult } from './harness.ts'

type Command = (args: string[]) => Promise<CommandResult>

/** A function that runs a command with its arguments, expects exit code 0 and gives stdout without its last newlines. */
export const okBy =
  (command: Command, log: () => string = () => '') =>
  async (...args: string[]): Promise<string> => {
    const result = await command(args)
    assert.equal(result.exitCode, 0, `${args.join(' ')}: ${JSON.stringify(result)}\n${log()}`)
    return result.stdout.trimEnd()
  }

/** The same for a command that must fail, with whatever code; gives stderr. */
export const failsBy =
  (command: Command) =>
  async (...args: string[]): Promise<string> => {
    const result = await command(args)
    assert.notEqual(result.exitCode, 0, `${args.join(' ')}: ${JSON.stringify(result)}`)
    return result.stderr.trimEnd()
  }
