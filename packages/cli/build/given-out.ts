import { messageOf } from '@gantry/errors'
import type { CommandContext } from '../framework/command.ts'
import type { LocalCaches } from './local-caches.ts'
import type { Output } from './outputs.ts'

/** The name of an archive, and what it is: an output or a cache, by its place among those that were asked for. */
export type GivenOut = { id: string } & ({ output: number; cache?: undefined } | { cache: number })

/** Takes an archive to where its output or cache is to be. Throws for one that nobody has asked for. */
export async function receiveGivenOut(
  context: CommandContext,
  given: GivenOut,
  outputs: readonly Output[],
  caches: LocalCaches | null,
): Promise<void> {
  if (given.cache === undefined) {
    const wanted = outputs[given.output]
    if (!wanted) throw new Error('the engine gives out an archive that was not asked for')
    const { receiveOutput } = await import('./receive.ts')
    return receiveOutput(context, given.id, wanted)
  }
  const directory = caches?.targets.get(given.cache)
  if (!directory) throw new Error('the engine gives out a build cache that was not asked for')
  const { receiveCache } = await import('./receive-cache.ts')
  const archive = await context.client.download('BuildExport', { path: { id: given.id } })
  try {
    await receiveCache(archive, directory)
  } catch (error) {
    if (!directory.ignoreError) throw error
    context.stderr.write(`WARNING: no build cache in ${directory.path}: ${messageOf(error)}\n`)
  } finally {
    archive.destroy()
  }
}
