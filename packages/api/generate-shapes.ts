/**
 * Writes `generated/shapes.ts`: the shapes of the request bodies that the daemon checks, with every definition they refer to.
 */
import type { Document, Schema } from './document.ts'
import type { Shape } from './shape.ts'

const checkedBodies = [
  'ContainerCreate',
  'ContainerUpdate',
  'ContainerExec',
  'ExecStart',
  'NetworkCreate',
  'NetworkConnect',
  'NetworkDisconnect',
  'VolumeCreate',
  'ImageCommit',
]

/** Fields that older API versions have and the newest has not. */
const legacyFields: Record<string, Record<string, Shape>> = {
  ContainerCreate: { MacAddress: 'string' },
  ContainerUpdate: { KernelMemory: 'integer' },
  HostConfig: { KernelMemory: 'integer' },
}

/** Fields of ContainerConfig that may be written as one string. */
const commandFields = new Set(['Cmd', 'Entrypoint'])

function fieldsOf(document: Document, schema: Schema): Record<string, Shape> {
  if (schema.$ref) return fieldsOf(document, definitionOf(document, schema.$ref))
  const own = Object.entries(schema.properties ?? {}).map(([name, field]) => [name, shapeOf(document, field)])
  const inherited = (schema.allOf ?? []).map((part) => fieldsOf(document, part))
  return Object.assign({}, ...inherited, Object.fromEntries(own))
}

function definitionOf(document: Document, reference: string): Schema {
  const schema = document.definitions[reference.slice('#/definitions/'.length)]
  if (!schema) throw new Error(`${reference} is not defined`)
  return schema
}

function shapeOf(document: Document, schema: Schema): Shape {
  if (schema.$ref) return { ref: schema.$ref.slice('#/definitions/'.length) }
  const [only, ...others] = schema.allOf ?? []
  if (only && others.length === 0 && !schema.properties) return shapeOf(document, only)
  if (schema.allOf || schema.properties) return { fields: fieldsOf(document, schema) }
  switch (schema.type) {
    case 'string':
    case 'integer':
    case 'number':
    case 'boolean':
      return schema.type
    case 'array':
      return { array: schema.items ? shapeOf(document, schema.items) : 'any' }
    case 'object':
      return {
        map:
          typeof schema.additionalProperties === 'object'
            ? shapeOf(document, schema.additionalProperties)
            : 'any',
      }
    default:
      return 'any'
  }
}

function referencesIn(shape: Shape): string[] {
  if (typeof shape === 'string') return []
  if ('ref' in shape) return [shape.ref]
  if ('array' in shape) return referencesIn(shape.array)
  if ('map' in shape) return referencesIn(shape.map)
  return Object.values(shape.fields).flatMap(referencesIn)
}

function markCommands(shape: Shape | undefined): void {
  if (typeof shape !== 'object' || !('fields' in shape)) return
  const fields = shape.fields as Record<string, Shape>
  for (const name of commandFields) if (fields[name]) fields[name] = 'command'
}

function shapeWithLegacy(document: Document, name: string, schema: Schema): Shape {
  const legacy = legacyFields[name]
  return legacy ? { fields: { ...fieldsOf(document, schema), ...legacy } } : shapeOf(document, schema)
}

/** Returns the text of `generated/shapes.ts`. */
export function generateShapes(document: Document): string {
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods))
  const bodies = checkedBodies.map((id): [string, Shape] => {
    const operation = operations.find((candidate) => candidate.operationId === id)
    const body = operation?.parameters?.find((parameter) => parameter.in === 'body')?.schema
    if (!body) throw new Error(`${id} has no body`)
    return [id, shapeWithLegacy(document, id, body)]
  })
  const definitions: Record<string, Shape> = {}
  const pending = bodies.flatMap(([, shape]) => referencesIn(shape))
  for (let name = pending.pop(); name; name = pending.pop()) {
    if (definitions[name]) continue
    const shape = shapeWithLegacy(document, name, definitionOf(document, `#/definitions/${name}`))
    definitions[name] = shape
    pending.push(...referencesIn(shape))
  }
  markCommands(definitions.ContainerConfig)
  markCommands(bodies.find(([id]) => id === 'ContainerCreate')?.[1])
  return (
    '// Written by generate.ts from spec/engine-api-v1.55.yaml. Do not edit.\n' +
    `import type { Shape } from '../shape.ts'\n\n` +
    `/** Request bodies by operationId. */\nexport const bodies = ${JSON.stringify(Object.fromEntries(bodies), null, 1)} satisfies Record<string, Shape>\n\n` +
    `/** The definitions that the bodies refer to. */\nexport const shapes: Readonly<Record<string, Shape>> = ${JSON.stringify(definitions, null, 1)}\n`
  )
}
