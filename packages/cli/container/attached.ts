/** What `run`, `start`, `attach` and `exec` share: the detach keys in force and a container that is being attached to. */
import type { ContainerInspectResponse } from '@gantry/api'
import { messageOf } from '@gantry/errors'
import type { CommandContext, Flags } from '../framework/command.ts'
import { defaultDetachKeys, parseDetachKeys } from '../streams/detach-keys.ts'
import type { TerminalSize } from '../streams/terminal.ts'

/** The user left the container running. */
export const detachMessage = 'read escape sequence'

export interface DetachKeys {
  /** As given, for the engine; undefined for the default. */
  text?: string
  bytes: Uint8Array
}

/** The keys of `--detach-keys`, of config.json, or the usual ones: those also, with a warning, in place of unusable ones. */
export function detachKeys(context: CommandContext, flags: Flags): DetachKeys {
  const text = flags.string('detach-keys') || context.config.settings.detachKeys || ''
  if (text === '') return { bytes: defaultDetachKeys }
  try {
    return { text, bytes: parseDetachKeys(text) }
  } catch (error) {
    context.stderr.write(`WARNING: invalid detach escape keys, using default: ${messageOf(error)}\n`)
    return { text, bytes: defaultDetachKeys }
  }
}

/** How all the streams of a container are joined; its input where it has one that is `wanted`. */
export function allStreams({ Config: config }: ContainerInspectResponse, wanted: boolean) {
  return {
    tty: config?.Tty === true,
    stdin: wanted && config?.OpenStdin === true,
    stdout: true,
    stderr: true,
    stdinOnce: config?.StdinOnce === true,
  }
}

/** Tells the engine the size of a container's terminal. */
export function resizeContainer({ client }: CommandContext, id: string) {
  return async ({ rows, columns }: TerminalSize): Promise<void> => {
    await client.call('ContainerResize', { path: { id }, query: { h: rows, w: columns } })
  }
}

/** Sends a signal to a container. */
export function killContainer({ client }: CommandContext, id: string) {
  return async (signal: string): Promise<void> => {
    await client.call('ContainerKill', { path: { id }, query: { signal } })
  }
}
