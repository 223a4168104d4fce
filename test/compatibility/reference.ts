/** The endpoints of the Engine API and the fields of each, read from its Swagger 2.0 document. */
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import type { Document, Operation, Schema } from '../../packages/api/document.ts'

const source = new URL('../../packages/api/spec/engine-api-v1.55.yaml', import.meta.url)

export interface Endpoint {
  id: string
  method: string
  /** As in the document: `/containers/{id}/json`. */
  path: string
  tag: string
  query: string[]
  /** Paths of fields; `[]` stands for the items of a list and `*` for any key of a map. */
  body: string[]
  answer: string[]
}

/** Every endpoint, in the document's order. */
export function endpoints(): Endpoint[] {
  const document: Document = parse(readFileSync(source, 'utf8'))
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => endpoint(document, method, path, operation)),
  )
}

function endpoint(document: Document, method: string, path: string, operation: Operation): Endpoint {
  const parameters = operation.parameters ?? []
  const body = parameters.find((parameter) => parameter.in === 'body')?.schema
  const success = Object.entries(operation.responses).find(([status]) => status.startsWith('2'))
  return {
    id: operation.operationId,
    method: method.toUpperCase(),
    path,
    tag: operation.tags?.[0] ?? '',
    query: parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name),
    body: body ? leaves(document, body) : [],
    answer: success?.[1].schema ? leaves(document, success[1].schema) : [],
  }
}

/** Paths of the fields that hold values, not other fields. `seen` ends definitions that hold themselves. */
function leaves(document: Document, schema: Schema, path = '', seen: readonly string[] = []): string[] {
  if (schema.$ref) {
    const name = schema.$ref.slice('#/definitions/'.length)
    const definition = document.definitions[name]
    return definition && !seen.includes(name) ? leaves(document, definition, path, [...seen, name]) : []
  }
  const fields = Object.entries(schema.properties ?? {}).flatMap(([name, field]) =>
    leaves(document, field, path === '' ? name : `${path}.${name}`, seen),
  )
  const inherited = (schema.allOf ?? []).flatMap((part) => leaves(document, part, path, seen))
  if (schema.allOf || schema.properties) return [...new Set([...inherited, ...fields])]
  if (schema.items) return leaves(document, schema.items, `${path}[]`, seen)
  if (typeof schema.additionalProperties === 'object')
    return leaves(document, schema.additionalProperties, path === '' ? '*' : `${path}.*`, seen)
  return path === '' || path === '[]' ? [] : [path]
}

/** Matches the paths that requests to this endpoint have; image names hold slashes. */
export const pathPattern = ({ path }: Endpoint): RegExp =>
  new RegExp(
    `^${path
      .replaceAll('.', '\\.')
      .replaceAll('{name}', '.+')
      .replaceAll(/\{\w+\}/g, '[^/]+')}$`,
  )

/** Matches the observed paths of this field, and of what lies below it. */
export const fieldPattern = (field: string): RegExp =>
  new RegExp(`^${field.replaceAll(/[.[\]]/g, '\\$&').replaceAll('*', '.+?')}(\\[\\]|\\.|$)`)
