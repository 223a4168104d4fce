/** The parts of a Swagger 2.0 document that the generators read. */
export interface Schema {
  $ref?: string
  type?: string
  enum?: (string | number)[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  additionalProperties?: Schema | boolean
  allOf?: Schema[]
  description?: string
  'x-nullable'?: boolean
}

export interface Parameter {
  name: string
  in: 'path' | 'query' | 'header' | 'body' | 'formData'
  required?: boolean
  description?: string
  type?: string
  items?: Schema
  enum?: string[]
  schema?: Schema
}

export interface Operation {
  operationId: string
  tags?: string[]
  summary?: string
  parameters?: Parameter[]
  responses: Record<string, { schema?: Schema }>
}

export interface Document {
  definitions: Record<string, Schema>
  paths: Record<string, Record<string, Operation>>
}
