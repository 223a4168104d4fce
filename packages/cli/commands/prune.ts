import { humanSize } from '../format/units.ts'
import type { CommandRun } from '../framework/command.ts'
import { confirm } from '../framework/confirm.ts'

const warning = 'WARNING! This will remove all stopped containers.\nAre you sure you want to continue? [y/N] '

/** `gantry container prune`: removes all stopped containers, after asking. */
export const prune: CommandRun = async (context, _args, flags) => {
  const { client, stdout } = context
  if (!flags.bool('force') && !(await confirm(context, warning))) return
  const filters = JSON.stringify(flags.filters('filter'))
  const { ContainersDeleted, SpaceReclaimed = 0 } = await client.call('ContainerPrune', {
    query: { filters },
  })
  const deleted = ContainersDeleted ?? []
  if (deleted.length > 0) stdout.write(`Deleted Containers:\n${deleted.map((id) => `${id}\n`).join('')}\n`)
  stdout.write(`Total reclaimed space: ${humanSize(SpaceReclaimed)}\n`)
}
