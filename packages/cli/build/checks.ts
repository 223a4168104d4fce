/** What the build checks found, as `--check` shows it. */
import { excerpt, ruleDescription, rulePage } from '@gantry/dockerfile'
import type { BuildWarning } from './progress.ts'

/** A Dockerfile as it is shown: its name, and its text when that is known. */
export interface ShownFile {
  name: string
  text: string | null
}

/** The answer to `--check`. */
export function checkReport(warnings: readonly BuildWarning[], file: ShownFile): string {
  if (warnings.length === 0) return 'Check complete, no warnings found.\n'
  const found =
    warnings.length === 1 ? '1 warning has been found' : `${warnings.length} warnings have been found`
  return `Check complete, ${found}!\n${warnings.map((warning) => expanded(warning, file)).join('')}`
}

function expanded({ rule, message, lines }: BuildWarning, { name, text }: ShownFile): string {
  const page = rulePage(rule)
  const place = text === null ? `${name}:${lines.first}` : excerpt(name, text, lines)
  return `\nWARNING: ${rule}${page ? ` - ${page}` : ''}\n${message}\n${place}\n`
}

/** The answer to `--call=check,format=json`. */
export function checkJson(warnings: readonly BuildWarning[], { name, text }: ShownFile): string {
  const report = {
    warnings: warnings.map(({ rule, message, lines }) => ({
      ruleName: rule,
      description: ruleDescription(rule) ?? '',
      url: rulePage(rule) ?? '',
      detail: message,
      location: {
        ranges: [{ start: { line: lines.first, character: 0 }, end: { line: lines.last, character: 0 } }],
      },
    })),
    sources: [{ filename: name, language: 'Dockerfile', data: Buffer.from(text ?? '').toString('base64') }],
  }
  return `${JSON.stringify(report, null, 2)}\n`
}
