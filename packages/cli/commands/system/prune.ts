import type { BuildCache } from '@gantry/api'
import { isKind } from '@gantry/errors'
import { humanSize } from '../../format/units.ts'
import type { CommandContext, Flags } from '../../framework/command.ts'
import { confirm } from '../confirm.ts'
import { pruneContainers } from '../container/prune.ts'
import { encodeFilters, type Filters, pruneFilters } from '../filters.ts'
import { pruneImages } from '../image/prune.ts'
import { pruneNetworks } from '../network/prune.ts'
import type { Pruned } from '../pruned.ts'
import { pruneVolumes } from '../volume/prune.ts'

/** `system prune`: removes all that nothing uses. */
export async function systemPrune(
  context: CommandContext,
  _args: readonly string[],
  flags: Flags,
): Promise<void> {
  const all = flags.bool('all')
  const volumes = flags.bool('volumes')
  const filters = pruneFilters(flags.filters('filter'), context.config)
  if (volumes && filters.until) {
    throw new Error('ERROR: The "until" filter is not supported with "--volumes"')
  }
  if (!flags.bool('force') && !(await confirm(context, question(all, volumes, filters)))) return
  const steps: (() => Promise<Pruned>)[] = [
    () => pruneContainers(context, filters),
    async () => ({ text: await pruneNetworks(context, filters), space: 0 }),
    ...(volumes ? [() => pruneVolumes(context, filters)] : []),
    () => pruneImages(context, filters, all),
    () => pruneBuildCache(context, filters, all),
  ]
  let reclaimed = 0
  for (const step of steps) {
    const { text, space } = await step()
    if (text) context.stdout.write(`${text}\n`)
    reclaimed += space
  }
  context.stdout.write(`Total reclaimed space: ${humanSize(reclaimed)}\n`)
}

function question(all: boolean, volumes: boolean, filters: Filters): string {
  const what = [
    'all stopped containers',
    'all networks not used by at least one container',
    ...(volumes ? ['all anonymous volumes not used by at least one container'] : []),
    all ? 'all images without at least one container associated to them' : 'all dangling images',
    all ? 'all build cache' : 'unused build cache',
  ]
  const given = Object.entries(filters).flatMap(([name, values]) => values.map((value) => `${name}=${value}`))
  const filtered =
    given.length > 0 ? `\n  Items to be pruned will be filtered with:\n${listed(given.sort())}` : ''
  return `WARNING! This will remove:\n${listed(what)}${filtered}\nAre you sure you want to continue? [y/N] `
}

const listed = (items: readonly string[]): string => items.map((item) => `  - ${item}\n`).join('')

async function pruneBuildCache({ client }: CommandContext, filters: Filters, all: boolean): Promise<Pruned> {
  try {
    const report = await client.call('BuildPrune', {
      query: { ...(all && { all }), filters: encodeFilters(filters) },
    })
    const ids: NonNullable<BuildCache['ID']>[] = report.CachesDeleted ?? []
    if (ids.length === 0) return { text: '', space: 0 }
    return { text: `Deleted build cache objects:\n${ids.join('\n')}\n`, space: report.SpaceReclaimed ?? 0 }
  } catch (error) {
    // An engine that builds nothing has no cache to prune.
    if (isKind(error, 'NotImplemented') || isKind(error, 'NotFound')) return { text: '', space: 0 }
    throw error
  }
}
