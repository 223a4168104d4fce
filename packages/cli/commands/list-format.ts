import type { CommandContext, Flags } from '../framework/command.ts'

type FormatKey = 'psFormat' | 'imagesFormat' | 'networksFormat' | 'volumesFormat'

/** The format of a list: `--format`, or the configuration file's unless only ids are wanted, or a table. */
export function listFormat({ config }: CommandContext, flags: Flags, key: FormatKey): string {
  const given = flags.string('format')
  if (given !== '') return given
  const configured = flags.bool('quiet') ? '' : config.settings[key]
  return configured || 'table'
}
