/**
 * One record of comma-separated fields, as `--mount` and `--network` take them: a field may stand in double quotes,
 * `""` inside is one quote. Throws RangeError with the words of Go's encoding/csv.
 */
export function parseCsv(text: string): string[] {
  if (text === '') throw new RangeError('EOF')
  const fields: string[] = []
  for (let at = 0; at <= text.length; ) {
    const { field, end } = text[at] === '"' ? quotedField(text, at) : plainField(text, at)
    fields.push(field)
    at = end + 1
  }
  return fields
}

interface Field {
  field: string
  /** Where the comma stands that ends the field. */
  end: number
}

function plainField(text: string, start: number): Field {
  const comma = text.indexOf(',', start)
  const end = comma < 0 ? text.length : comma
  const field = text.slice(start, end)
  const quote = field.indexOf('"')
  if (quote >= 0) throw csvError(start + quote, 'bare " in non-quoted-field')
  return { field, end }
}

function quotedField(text: string, start: number): Field {
  let field = ''
  for (let at = start + 1; ; ) {
    const quote = text.indexOf('"', at)
    if (quote < 0) throw csvError(text.length, 'extraneous or missing " in quoted-field')
    field += text.slice(at, quote)
    const next = text[quote + 1]
    if (next === undefined || next === ',') return { field, end: quote + 1 }
    if (next !== '"') throw csvError(quote, 'extraneous or missing " in quoted-field')
    field += '"'
    at = quote + 2
  }
}

function csvError(index: number, problem: string): RangeError {
  return new RangeError(`parse error on line 1, column ${index + 1}: ${problem}`)
}
