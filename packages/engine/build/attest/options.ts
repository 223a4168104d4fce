/** Which attestations a build is asked for: `--attest`, as BuildKit's `attest:` options have it. */
import { csvFields } from '@gantry/dockerfile'
import { GantryError } from '@gantry/errors'
import { parseBoolean } from '../../containers/security-options.ts'

export interface ProvenanceOptions {
  mode: 'min' | 'max'
  version: 'v0.2' | 'v1'
  builderId: string
  /** The user says that the same input gives the same bytes. */
  reproducible: boolean
  /** Only with images: no file beside the files of a result. */
  inlineOnly: boolean
}

export interface AttestOptions {
  provenance: ProvenanceOptions | null
  sbom: boolean
}

/** What is told in metadata when nothing is attached. */
export const leastProvenance: ProvenanceOptions = {
  mode: 'min',
  version: 'v0.2',
  builderId: '',
  reproducible: false,
  inlineOnly: false,
}

/** `attests` by type: `{"provenance": "mode=max", "sbom": ""}`. Throws InvalidParameter. */
export function attestOptions(attests: Readonly<Record<string, string>>): AttestOptions {
  for (const type of Object.keys(attests))
    if (type !== 'provenance' && type !== 'sbom')
      throw refused(`unsupported attestation type ${JSON.stringify(type)}`)
  const { provenance, sbom } = attests
  return {
    provenance: provenance === undefined ? null : provenanceOptions(parse('provenance', provenance)),
    sbom: sbom !== undefined && wantsSbom(parse('sbom', sbom)),
  }
}

function provenanceOptions(fields: Map<string, string>): ProvenanceOptions | null {
  if (isSet(fields, 'disabled')) return null
  const mode = fields.get('mode') ?? 'min'
  const version = fields.get('version') ?? 'v0.2'
  if (mode !== 'min' && mode !== 'max') throw refused(`invalid provenance mode ${JSON.stringify(mode)}`)
  if (version !== 'v0.2' && version !== 'v1')
    throw refused(`invalid provenance version ${JSON.stringify(version)}: v0.2 or v1`)
  for (const name of fields.keys())
    if (!['mode', 'version', 'builder-id', 'reproducible', 'disabled', 'inline-only'].includes(name))
      throw refused(`unknown provenance parameter ${JSON.stringify(name)}`)
  return {
    mode,
    version,
    builderId: fields.get('builder-id') ?? '',
    reproducible: isSet(fields, 'reproducible'),
    inlineOnly: isSet(fields, 'inline-only'),
  }
}

function wantsSbom(fields: Map<string, string>): boolean {
  if (isSet(fields, 'disabled')) return false
  for (const name of fields.keys())
    if (name !== 'disabled')
      throw refused(`sbom parameter ${JSON.stringify(name)} is not supported: the scanner is built in`)
  return true
}

function isSet(fields: Map<string, string>, name: string): boolean {
  const text = fields.get(name)
  const value = text === undefined ? false : parseBoolean(text)
  if (value === null) throw refused(`invalid value ${JSON.stringify(text)} of attestation parameter ${name}`)
  return value
}

/** `a=b,c=d`, or a word: for true it says nothing, for false it is `disabled=true`. Clients of BuildKit say the type, too. */
function parse(type: string, text: string): Map<string, string> {
  const wanted = text === '' ? true : parseBoolean(text)
  if (wanted !== null) return new Map(wanted ? [] : [['disabled', 'true']])
  const fields = new Map(
    csvFields(text).map((field): [string, string] => {
      const equals = field.indexOf('=')
      if (equals <= 0) throw refused(`invalid attestation parameter ${JSON.stringify(field)}`)
      return [field.slice(0, equals), field.slice(equals + 1)]
    }),
  )
  const said = fields.get('type') ?? type
  if (said !== type) throw refused(`attestation ${type} is of type ${JSON.stringify(said)}`)
  fields.delete('type')
  return fields
}

const refused = (message: string): GantryError => new GantryError('InvalidParameter', message)
