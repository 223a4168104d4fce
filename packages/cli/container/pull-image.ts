import { Writable } from 'node:stream'
import { registryAuth } from '@gantry/client'
import { type JsonMessage, showMessages } from '../format/json-messages.ts'
import type { CommandContext, Output } from '../framework/command.ts'
import { parseReference } from '../options/reference.ts'

/** An output for what nobody wants to see. */
const silent = new Writable({ write: (_bytes, _encoding, done) => done() }) as unknown as Output

export interface PullOptions {
  platform?: string
  quiet?: boolean
}

/** Pulls an image, showing the progress on stderr. Rejects with what the engine or the registry has to say. */
export async function pullImage(context: CommandContext, image: string, options: PullOptions): Promise<void> {
  const reference = parseReference(image)
  if (reference === undefined) throw new Error(`invalid reference format: ${image} is an image id`)
  const { name, fullName, tag = 'latest', digest } = reference
  const auth = await registryAuth(context.config, name)
  const messages = context.client.values<JsonMessage>('ImageCreate', {
    query: {
      fromImage: fullName,
      tag: digest ?? tag,
      ...(options.platform && { platform: options.platform }),
    },
    headers: { 'X-Registry-Auth': auth },
  })
  await showMessages(messages, options.quiet ? silent : context.stderr)
}
