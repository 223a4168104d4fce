import { registryAuth } from '@gantry/client'
import type { JsonMessage } from '../format/json-messages.ts'
import { showTransfer } from '../format/transfers.ts'
import type { CommandContext, Output } from '../framework/command.ts'
import { parseReference } from '../options/reference.ts'

export interface PullOptions {
  platform?: string
  quiet?: boolean
  /** Every tag of the repository. */
  all?: boolean
  /** Where the progress is shown; by default on stderr. */
  output?: Output
}

/** Pulls an image, showing the progress. Rejects with what the engine or the registry has to say. */
export async function pullImage(
  context: CommandContext,
  image: string,
  { platform, quiet = false, all = false, output = context.stderr }: PullOptions,
): Promise<void> {
  const reference = parseReference(image)
  if (reference === undefined) throw new Error(`invalid reference format: ${image} is an image id`)
  const { name, fullName, tag = 'latest', digest } = reference
  const auth = await registryAuth(context.config, name)
  const messages = context.client.values<JsonMessage>('ImageCreate', {
    query: { fromImage: fullName, ...(!all && { tag: digest ?? tag }), ...(platform && { platform }) },
    headers: { 'X-Registry-Auth': auth },
  })
  await showTransfer(messages, { quiet, output })
}
