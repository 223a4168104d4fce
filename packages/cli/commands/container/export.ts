import { writeArchive } from '../../files/whole-file.ts'
import type { CommandRun } from '../../framework/command.ts'

/** `container export`: a container's file system as an archive. */
export const containerExport: CommandRun = async ({ client, stdout }, [id = ''], flags) => {
  const archive = () => client.download('ContainerExport', { path: { id } })
  await writeArchive(stdout, flags.string('output'), archive, 'failed to export container')
}
