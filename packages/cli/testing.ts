/** Runs a command in a test, against an engine that answers by the path of the request. */
import { PassThrough } from 'node:stream'
import type { TestContext } from 'node:test'
import type { Client } from '@gantry/client'
import { type Answer, engineDouble, json } from '../client/testing.ts'
import type { CommandContext, CommandRun, Output } from './framework/command.ts'
import { parseFlags } from './framework/flags.ts'
import { find } from './framework/tree.ts'

class Collected implements Output {
  text = ''
  readonly isTTY = false
  readonly columns = 0
  readonly rows = 0

  write(data: string | Uint8Array): boolean {
    this.text += typeof data === 'string' ? data : Buffer.from(data).toString()
    return true
  }

  async drained(): Promise<void> {}
}

export interface CommandResult {
  /** The exit code, or the error that the command threw. */
  code: unknown
  stdout: string
  stderr: string
  /** The first lines of the requests. */
  routes: string[]
}

/**
 * Runs the command that `path` names with these words after it; `typed` comes from stdin. `answers` go by the path of
 * the request without version and query; any other request gets status 500.
 */
export async function runCommand(
  t: TestContext,
  path: string,
  command: CommandRun,
  words: readonly string[],
  answers: Readonly<Record<string, Answer>>,
  env: CommandContext['env'] = {},
): Promise<CommandResult> {
  const { client, requests } = await engineDouble(t, (request, socket) => {
    const route = request.line.replace(/^\w+ \/v[\d.]+/, '').replace(/\?.*/, '')
    const answer = answers[route]
    if (answer) answer(request, socket)
    else socket.write(json(500, { message: `unexpected ${request.line}` }))
  })
  const found = find(path)
  if (!found || !('command' in found)) throw new Error(`no such command: ${path}`)
  const [stdout, stderr] = [new Collected(), new Collected()]
  const context: CommandContext = {
    program: 'gantry',
    commandPath: `gantry ${path}`,
    client: client as Client,
    config: { directory: '/nope', path: '/nope/config.json', settings: {} },
    stdin: new PassThrough().end('typed'),
    stdout,
    stderr,
    env,
  }
  const run = async () => {
    const { flags, args } = await parseFlags(found.command.flags, words, found.command.flagsFirst)
    return await command(context, args, flags)
  }
  const code = await run().catch((error: unknown) => error)
  return { code, stdout: stdout.text, stderr: stderr.text, routes: requests.map(({ line }) => line) }
}
