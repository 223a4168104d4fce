import { pipeline } from 'node:stream/promises'
import { messageOf } from '@gantry/errors'
import type { CommandRun } from '../../framework/command.ts'
import { writeWhole } from '../image/files.ts'

/** `container export`: a container's file system as an archive. */
export const containerExport: CommandRun = async ({ client, stdout }, [id = ''], flags) => {
  const output = flags.string('output')
  if (output === '' && stdout.isTTY) {
    throw new Error('cowardly refusing to save to a terminal. Use the -o flag or redirect')
  }
  const archive = () => client.download('ContainerExport', { path: { id } })
  if (output === '') return await pipeline(await archive(), stdout, { end: false })
  let asked = false
  try {
    await writeWhole(output, () => {
      asked = true
      return archive()
    })
  } catch (error) {
    throw asked ? error : new Error(`failed to export container: ${messageOf(error)}`)
  }
}
