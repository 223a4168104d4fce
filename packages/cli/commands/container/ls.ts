import type { ContainerSummary } from '@gantry/api'
import { containerColumns, containerFormat } from '../../format/list/containers.ts'
import { formatList, itemType } from '../../format/list/list.ts'
import { Template, TemplateError } from '../../format/template/index.ts'
import type { CommandContext, Flags } from '../../framework/command.ts'
import { ExitError } from '../../framework/command.ts'
import { encodeFilters } from '../filters.ts'

/** `container ls`: lists containers. */
export async function containerLs(
  context: CommandContext,
  _args: readonly string[],
  flags: Flags,
): Promise<void> {
  const quiet = flags.bool('quiet')
  const size = flags.bool('size')
  const given = flags.string('format')
  if (given !== '' && quiet) {
    context.stderr.write('WARNING: Ignoring custom format, because both --format and --quiet are set.\n')
  }
  const format = given || context.config.settings.psFormat || ''
  const needsSize = format === '' ? false : asksForSize(format)
  const limit = flags.bool('latest') ? 1 : flags.number('last')
  const containers: ContainerSummary[] = await context.client.call('ContainerList', {
    query: {
      ...(flags.bool('all') && { all: true }),
      ...(limit > 0 && { limit }),
      ...((size || (needsSize && !quiet && !flags.changed('size'))) && { size: true }),
      filters: encodeFilters(flags.filters('filter')),
    },
  })
  const truncate = !flags.bool('no-trunc')
  const rows = containers.map((container) => ({ container, truncate }))
  context.stdout.write(formatList(rows, containerColumns, containerFormat(format, quiet, size)))
}

/** Whether the template shows sizes. Found out by running it: sizes cost the engine too much to ask for in vain. */
function asksForSize(format: string): boolean {
  let asked = false
  const onSize = (): void => {
    asked = true
  }
  let step = 'parse'
  try {
    const template = new Template(format)
    step = 'execute'
    template.run({ type: itemType(containerColumns), data: { container: {}, truncate: false, onSize } })
  } catch (error) {
    if (error instanceof TemplateError) throw new ExitError(1, `failed to ${step} template: ${error.message}`)
    throw error
  }
  return asked
}
