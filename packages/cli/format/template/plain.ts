/** Templates of texts and plain fields, as almost all lists have, run without the interpreter: a list may be long. */
import type { PipeNode, Statement } from './nodes.ts'

/** The text of a field. */
export type FieldText = (name: string) => string

/** Runs the statements; null when they are more than that. `isText` says of which fields the value is a text. */
export function plainTemplate(
  statements: readonly Statement[],
  isText: (name: string) => boolean,
): ((text: FieldText) => string) | null {
  const parts = statements.map((statement) => plainPart(statement, isText))
  if (!parts.every((part) => part !== null)) return null
  return (text) => {
    let written = ''
    for (const part of parts) written += part(text)
    return written
  }
}

function plainPart(
  statement: Statement,
  isText: (name: string) => boolean,
): ((text: FieldText) => string) | null {
  if (statement.type === 'text') return () => statement.text
  if (statement.type !== 'action' && statement.type !== 'if') return null
  const field = fieldOf(statement.pipe, isText)
  if (field === null) return null
  if (statement.type === 'action') return (text) => text(field)
  const list = plainTemplate(statement.list, isText)
  const otherwise = plainTemplate(statement.otherwise ?? [], isText)
  if (list === null || otherwise === null) return null
  return (text) => (text(field) === '' ? otherwise : list)(text)
}

/** The name in a pipeline that is `.Name` and no more. */
function fieldOf({ variables, commands }: PipeNode, isText: (name: string) => boolean): string | null {
  const [command, ...rest] = commands
  const [operand, ...arguments_] = command?.operands ?? []
  if (variables.length > 0 || rest.length > 0 || arguments_.length > 0 || operand?.type !== 'field')
    return null
  const [name, ...below] = operand.names
  return name !== undefined && below.length === 0 && isText(name) ? name : null
}
