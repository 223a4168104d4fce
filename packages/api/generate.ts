/**
 * Writes `generated.ts` from the Engine API's Swagger 2.0 document: one type for each definition, and for each
 * operation the types of its parameters, body and answers; and `generated/shapes.ts`, see generate-shapes.ts. Run by `npm run generate`; CI checks that nothing differs.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { parse } from 'yaml'
import type { Document, Operation, Schema } from './document.ts'
import { generateShapes } from './generate-shapes.ts'

const source = new URL('./spec/engine-api-v1.55.yaml', import.meta.url)
const extensions = new URL('./spec/gantry-extensions.yaml', import.meta.url)

/** The definitions whose upstream name would hide one of TypeScript's own. */
const safeName = (name: string): string => name.replace(/[^A-Za-z0-9_]/g, '')

const key = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name))

/** The first sentence or so of a description, as a doc comment. */
function comment(text: string | undefined, indent: string): string {
  const paragraph = (text ?? '').trim().split(/\n\s*\n/)[0] ?? ''
  const line = paragraph.replace(/\s+/g, ' ').replaceAll('*/', '* /').trim()
  return line === '' ? '' : `${indent}/** ${line} */\n`
}

function objectType(schema: Schema, indent: string): string {
  const inner = `${indent}  `
  const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => {
    const optional = schema.required?.includes(name) ? '' : '?'
    return `${comment(field.description, inner)}${inner}${key(name)}${optional}: ${typeOf(field, inner)}\n`
  })
  return `{\n${fields.join('')}${indent}}`
}

function baseType(schema: Schema, indent: string): string {
  if (schema.$ref) return safeName(schema.$ref.slice('#/definitions/'.length))
  if (schema.allOf) {
    const parts = schema.allOf.map((part) => typeOf(part, indent))
    if (schema.properties) parts.push(objectType(schema, indent))
    return parts.join(' & ')
  }
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value).replaceAll('"', "'")).join(' | ')
  if (schema.properties) return objectType(schema, indent)
  switch (schema.type) {
    case 'string':
      return 'string'
    case 'integer':
    case 'number':
      return 'number'
    case 'boolean':
      return 'boolean'
    case 'array':
      return `Array<${schema.items ? typeOf(schema.items, indent) : 'unknown'}>`
    case 'object':
      if (typeof schema.additionalProperties === 'object')
        return `Record<string, ${typeOf(schema.additionalProperties, indent)}>`
      return 'Record<string, unknown>'
    default:
      return 'unknown'
  }
}

/** The type of a schema. Fields that the engine may send as null are written as such. */
function typeOf(schema: Schema, indent = ''): string {
  const type = baseType(schema, indent)
  return schema['x-nullable'] ? `${type} | null` : type
}

function definition(name: string, schema: Schema): string {
  const type = typeOf(schema)
  return `${comment(schema.description, '')}export type ${safeName(name)} = ${type}\n`
}

function operationTypes(method: string, path: string, operation: Operation): string {
  const parameters = operation.parameters ?? []
  const query = parameters.filter((parameter) => parameter.in === 'query')
  const fields = query.map(
    (parameter) =>
      `${comment(parameter.description, '    ')}    ${key(parameter.name)}${parameter.required ? '' : '?'}: ${typeOf(parameter as Schema, '    ')}\n`,
  )
  const body = parameters.find((parameter) => parameter.in === 'body')?.schema
  const success = Object.entries(operation.responses).find(([status]) => status.startsWith('2'))
  const answer = success?.[1].schema
  return (
    `  /** ${method.toUpperCase()} ${path}: ${operation.summary ?? ''} */\n  ${operation.operationId}: {\n` +
    `    query: {\n${fields.join('').replaceAll(/^/gm, '  ').trimEnd()}\n    }\n` +
    `    body: ${body ? typeOf(body, '    ') : 'undefined'}\n` +
    `    answer: ${answer ? typeOf(answer, '    ') : 'undefined'}\n  }\n`
  )
}

/** Returns the text of `generated.ts`. */
function generateTypes(document: Document): string {
  const definitions = Object.entries(document.definitions).map(([name, schema]) => definition(name, schema))
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, operation]) => operation.operationId)
      .map(([method, operation]) => operationTypes(method, path, operation)),
  )
  return (
    '// Written by generate.ts from spec/engine-api-v1.55.yaml. Do not edit.\n\n' +
    definitions.join('\n') +
    `\n/** What each operation of the API takes and answers, by its operationId. */\nexport interface Operations {\n${operations.join('')}}\n`
  )
}

/** Adds our own properties to the definitions, behind those that are there. */
function extend(document: Document): Document {
  const own = parse(readFileSync(extensions, 'utf8')) as Record<string, Record<string, Schema>>
  for (const [name, properties] of Object.entries(own)) {
    const definition = document.definitions[name]
    const target = definition?.allOf?.findLast((part) => part.properties) ?? definition
    if (!target?.properties) throw new Error(`${name} has no properties that could be extended`)
    Object.assign(target.properties, properties)
  }
  return document
}

/** The generated files for the checked-in document, by name. */
export function generate(): Record<string, string> {
  const document = extend(parse(readFileSync(source, 'utf8')) as Document)
  return { 'generated.ts': generateTypes(document), 'generated/shapes.ts': generateShapes(document) }
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(generate())) writeFileSync(new URL(name, import.meta.url), text)
}
