import { openInput, writeArchive } from '../../files/whole-file.ts'
import { ago } from '../../format/list/texts.ts'
import { alignColumns } from '../../format/tabwriter.ts'
import { humanSize } from '../../format/units.ts'
import type { CommandRun } from '../../framework/command.ts'
import { forEach } from '../each.ts'
import { cacheRecords } from './cache-records.ts'

const type = 'exec.cachemount'

/** The id that the mount has in Dockerfiles. */
const idOf = (description = ''): string => description.replace(/^cached mount /, '')

/** `builder cache ls`: the directories of `RUN --mount=type=cache`. */
export const builderCacheLs: CommandRun = async ({ client, stdout }, _args, flags) => {
  const records = await cacheRecords(client, { type: [type] })
  if (flags.bool('quiet')) {
    for (const { Description } of records) stdout.write(`${idOf(Description)}\n`)
    return
  }
  const rows = records.map(({ ID = '', Description, Size = 0, LastUsedAt, InUse }) => [
    idOf(Description),
    `${ID.slice(0, 12)}${InUse ? '*' : ''}`,
    humanSize(Size, 4),
    LastUsedAt ? ago(Date.parse(LastUsedAt)) : '',
  ])
  const lines = [['MOUNT ID', 'CACHE ID', 'SIZE', 'LAST USED'], ...rows].map((row) => row.join('\t'))
  stdout.write(alignColumns(`${lines.join('\n')}\n`))
}

/** `builder cache rm`: removes cache mounts that no step uses. */
export const builderCacheRm: CommandRun = async ({ client, stdout }, ids) => {
  const records = await cacheRecords(client, { type: [type] })
  await forEach(ids, async (wanted) => {
    const found = records.filter(
      ({ ID = '', Description }) =>
        idOf(Description) === wanted || (wanted.length >= 6 && ID.startsWith(wanted)),
    )
    if (found.length === 0) throw new Error(`No such cache mount: ${wanted}`)
    for (const { ID = '' } of found) {
      const filters = JSON.stringify({ id: [ID], type: [type] })
      const { CachesDeleted } = await client.call('BuildPrune', { query: { all: true, filters } })
      if (!CachesDeleted?.includes(ID)) throw new Error(`cache mount ${JSON.stringify(wanted)} is in use`)
    }
    stdout.write(`${wanted}\n`)
  })
}

/** `builder cache export`: the content of a cache mount as an archive. */
export const builderCacheExport: CommandRun = async ({ client, stdout }, [id = ''], flags) => {
  const archive = () => client.download('BuildCacheExport', { path: { id } })
  await writeArchive(stdout, flags.string('output'), archive, 'failed to export cache mount')
}

/** `builder cache import`: gives a cache mount the content of an archive. */
export const builderCacheImport: CommandRun = async ({ client, stdin, stdout }, [id = ''], flags) => {
  const input = flags.string('input')
  if (input === '' && stdin.isTTY) throw new Error('requested import from stdin, but stdin is empty')
  await client.call('BuildCacheImport', {
    path: { id },
    headers: { 'Content-Type': 'application/x-tar' },
    body: input === '' ? stdin : await openInput(input),
  })
  stdout.write(`${id}\n`)
}
