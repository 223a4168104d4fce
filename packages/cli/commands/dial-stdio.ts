import { pipeline } from 'node:stream/promises'
import type { CommandRun } from '../framework/command.ts'
import { copy } from '../streams/copy.ts'

/** `gantry system dial-stdio`: joins stdin and stdout with a connection to the engine, for clients that come by ssh. */
export const dialStdio: CommandRun = async ({ client, stdin, stdout }) => {
  const connection = await client.dial()
  pipeline(stdin, connection).catch(() => {})
  await copy(connection, stdout)
}
