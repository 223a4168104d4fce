import type { CommandContext } from '../framework/command.ts'
import { parseReference } from '../options/reference.ts'
import { type ProgressMessage, ProgressPrinter } from '../streams/progress.ts'
import { registryAuth } from './registry-auth.ts'

export interface PullOptions {
  platform?: string
  quiet?: boolean
}

/** Pulls an image, showing the progress on stderr. Rejects with what the engine or the registry has to say. */
export async function pullImage(context: CommandContext, image: string, options: PullOptions): Promise<void> {
  const reference = parseReference(image)
  if (reference === undefined) throw new Error(`invalid reference format: ${image} is an image id`)
  const { name, tag = 'latest', digest } = reference
  const auth = await registryAuth(context.config, name)
  const progress = new ProgressPrinter(context.stderr, options.quiet === true)
  const messages = context.client.values<ProgressMessage>('ImageCreate', {
    query: { fromImage: name, tag: digest ?? tag, ...(options.platform && { platform: options.platform }) },
    headers: { 'X-Registry-Auth': auth },
  })
  for await (const message of messages) progress.show(message)
}
