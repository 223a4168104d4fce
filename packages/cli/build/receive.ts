/** Archives that a running build gives out, to where the user wants them. */
import { mkdir } from 'node:fs/promises'
import { localError } from '../files/local-error.ts'
import { unpackLocal } from '../files/unpack-local.ts'
import { writeWhole } from '../files/whole-file.ts'
import type { CommandContext } from '../framework/command.ts'
import { copy } from '../streams/copy.ts'
import type { Output } from './outputs.ts'

/** Takes an archive. What is in it is not to be trusted: nothing is written outside of a directory that it goes to. */
export async function receiveOutput(
  { client, stdout }: Pick<CommandContext, 'client' | 'stdout'>,
  id: string,
  { destination }: Output,
): Promise<void> {
  const archive = () => client.download('BuildExport', { path: { id } })
  switch (destination.kind) {
    case 'engine':
      throw new Error('the engine gives out an archive that was not asked for')
    case 'stdout':
      return copy(await archive(), stdout)
    case 'file':
      return writeWhole(destination.path, archive, 0o666)
    case 'directory': {
      await mkdir(destination.path, { recursive: true }).catch((error) => {
        throw localError('mkdir', destination.path, error)
      })
      const body = await archive()
      try {
        await unpackLocal(body, {
          directory: destination.path,
          rename: (name) => name,
          owners: false,
          replace: true,
        })
      } finally {
        body.destroy()
      }
    }
  }
}
