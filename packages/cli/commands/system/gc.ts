import { humanSize } from '../../format/units.ts'
import type { CommandContext, Flags } from '../../framework/command.ts'

/** `system gc`: cleans up by the daemon's policy, or tells what would go. */
export async function systemGc(
  { client, stdout }: CommandContext,
  _args: readonly string[],
  flags: Flags,
): Promise<void> {
  const dryRun = flags.bool('dry-run')
  const report = await client.call('SystemGc', { query: { 'dry-run': dryRun } })
  for (const { Id, Names, Size, LastUsed } of report.Images) {
    const id = Id.replace(/^sha256:/, '').slice(0, 12)
    stdout.write(`${id} ${humanSize(Size, 3).padStart(8)} ${LastUsed} ${Names.join(' ') || '<none>'}\n`)
  }
  for (const { Id, Size, LastUsed } of report.BuildCache)
    stdout.write(`${Id.slice(0, 12)} ${humanSize(Size, 3).padStart(8)} ${LastUsed} build cache\n`)
  const space = dryRun ? 'Space to be reclaimed' : 'Total reclaimed space'
  stdout.write(`${space}: ${humanSize(report.SpaceReclaimed, 4)}\n`)
}
