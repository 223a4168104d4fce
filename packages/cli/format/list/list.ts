/** Writes lists as Docker does: a table, JSON lines, or the user's own template. */
import { ExitError } from '../../framework/command.ts'
import { marshalString } from '../go/json.ts'
import {
  type Data,
  type GoType,
  type GoValue,
  type Method,
  mapOf,
  type PointerType,
  stringType,
} from '../go/types.ts'
import { alignColumns } from '../tabwriter.ts'
import { Template, TemplateError } from '../template/index.ts'

/** What a template can name of an item, and the header of each in a table. */
export interface ListColumns<T> {
  /** The Go type that error messages name: `formatter.ContainerContext`. */
  readonly name: string
  readonly fields: Readonly<Record<string, Column<T>>>
  readonly headers: Readonly<Record<string, string>>
}

/** A column's text for an item; `type` and `of` for what is more than text, `label` for what takes a key. */
export type Column<T> =
  | ((item: T) => string)
  | { readonly label: (item: T, key: string) => string }
  | { readonly type: GoType; readonly of: (item: T) => Data; readonly json: (item: T) => string }

/** Whether the format is a table. */
export const isTable = (format: string): boolean => format.startsWith('table')

/**
 * The whole list as text. Throws an ExitError (`template parsing error: …`) for a template that is wrong or does not fit.
 */
export function formatList<T>(items: readonly T[], columns: ListColumns<T>, format: string): string {
  const table = isTable(format)
  const template = parseListTemplate(format)
  const type = itemType(columns)
  const plain = template.plain((name) => textColumn(columns, name) !== undefined)
  const rows = items.map((item) => {
    try {
      const text = plain?.((name) => textColumn(columns, name)?.(item) ?? '')
      return `${text ?? template.run({ type, data: item })}\n`
    } catch (error) {
      if (error instanceof TemplateError) throw new ExitError(1, `template parsing error: ${error.message}`)
      throw error
    }
  })
  if (!table) return rows.join('')
  const header = plain?.((name) => columns.headers[name] ?? '') ?? headerLine(template, columns)
  return alignColumns(`${header}\n${rows.join('')}`)
}

/** The column of a name, if it has a text for each item, and a header. */
function textColumn<T>({ fields, headers }: ListColumns<T>, name: string): ((item: T) => string) | undefined {
  const column = Object.hasOwn(fields, name) && Object.hasOwn(headers, name) ? fields[name] : undefined
  return typeof column === 'function' ? column : undefined
}

/** The template behind a format: `table` and blanks removed, `\t` and `\n` made real. */
export function parseListTemplate(format: string): Template {
  let source = format
  if (isTable(format)) source = format.slice('table'.length)
  else if (format === 'json') source = '{{json .}}'
  source = source.replace(/^ +| +$/g, '').replaceAll(/\\[tn]/g, (mark) => (mark === '\\t' ? '\t' : '\n'))
  try {
    return new Template(source)
  } catch (error) {
    if (error instanceof TemplateError) throw new ExitError(1, `template parsing error: ${error.message}`)
    throw error
  }
}

function headerLine<T>(template: Template, columns: ListColumns<T>): string {
  const header: GoValue = { type: headerType, data: new Map(Object.entries(columns.headers)) }
  try {
    return template.runHeader(header)
  } catch (error) {
    if (error instanceof TemplateError) return ''
    throw error
  }
}

/** The headers, by field; `Label "com.example.some-key"` has the header `some key`. */
const headerType: GoType = {
  ...mapOf(stringType, stringType, 'formatter.SubHeaderContext'),
  methods: {
    Label: {
      parameters: [stringType],
      result: stringType,
      call: (_header, [key]) => (String(key?.data).split('.').at(-1) ?? '').replace(/[-_]/g, ' '),
    },
  },
}

/** A pointer to the Go type whose methods are the columns. */
export function itemType<T>(columns: ListColumns<T>): PointerType {
  const methods: Record<string, Method> = {}
  for (const [name, column] of Object.entries(columns.fields)) methods[name] = method(column)
  return {
    kind: 'pointer',
    element: {
      kind: 'struct',
      name: columns.name,
      fields: [],
      methods,
      stringer: () => '{}',
      marshal: (item) => itemJson(item as T, columns),
    },
  }
}

function method<T>(column: Column<T>): Method {
  if (typeof column === 'function') {
    return { parameters: [], result: stringType, call: (item) => column(item as T) }
  }
  if ('label' in column) {
    return {
      parameters: [stringType],
      result: stringType,
      call: (item, [key]) => column.label(item as T, key?.data as string),
    }
  }
  return { parameters: [], result: column.type, call: (item) => column.of(item as T) }
}

/** All columns but those that take a key, by name. */
function itemJson<T>(item: T, columns: ListColumns<T>): string {
  const members = Object.entries(columns.fields).flatMap(([name, column]) => {
    if (typeof column === 'function') return [[name, marshalString(column(item), true)]]
    return 'label' in column ? [] : [[name, column.json(item)]]
  })
  members.sort(([a = ''], [b = '']) => (a < b ? -1 : 1))
  return `{${members.map(([name = '', text]) => `${marshalString(name, true)}:${text}`).join(',')}}`
}
