/** `--attest`, `--provenance` and `--sbom`. */
import type { Flags } from '../framework/command.ts'
import { parseCsv } from '../options/csv.ts'

/** The parameter of the API; the short flags win over `--attest`. Throws Error in buildx's words. */
export function encodeAttests(flags: Flags): Record<string, string> {
  const attests = new Map<string, string>()
  for (const text of flags.list('attest')) {
    const fields = parseCsv(text)
    const types = fields.filter((field) => field.startsWith('type='))
    const [type = ''] = types.map((field) => field.slice('type='.length))
    if (type === '') throw new Error('attestation type not specified')
    if (attests.has(type)) throw new Error(`duplicate attestation field ${type}`)
    attests.set(
      type,
      fields
        .filter((field) => !types.includes(field))
        .map(quoted)
        .join(','),
    )
  }
  for (const type of ['provenance', 'sbom']) if (flags.changed(type)) attests.set(type, flags.string(type))
  return attests.size > 0 ? { attests: JSON.stringify(Object.fromEntries(attests)) } : {}
}

const quoted = (field: string): string => (/[",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)
