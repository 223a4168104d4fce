import type { BuildWarning } from './progress.ts'

/** The lines at the end of a build; empty without warnings. */
export function warningSummary(warnings: readonly BuildWarning[], program: string): string {
  if (warnings.length === 0) return ''
  const count = `${warnings.length} warning${warnings.length > 1 ? 's' : ''} found`
  const lines = warnings.map(
    ({ rule, message, lines: { first } }) => ` - ${rule}: ${message} (line ${first})\n`,
  )
  return `\n ${count} (use ${program} build --check to expand):\n${lines.join('')}`
}
