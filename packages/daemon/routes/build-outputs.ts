/** The parameter `outputs` of `POST /build`. */
import type { BuildOutput } from '@gantry/engine'
import { json } from '@gantry/oci'

const longest = 64 * 1024

/**
 * A list of `{"Type": …, "Attrs": {…}}`. With `moby` for a type, which is what the Engine API has there, the attribute
 * `type` names the exporter, by default `image`. Throws InvalidParameter.
 */
export function outputs(text: string): BuildOutput[] {
  if (text === '') return []
  const { list } = json.parseJsonObject(Buffer.from(`{"list":${text}}`), 'parameter outputs', longest)
  return json.list(list, 'outputs', (value, what) => {
    const { Type, Attrs } = json.object(value, what)
    const type = json.string(Type, `${what} Type`)
    const all = json.optional(Attrs, `${what} Attrs`, (map, where) => json.map(map, where, json.string)) ?? {}
    if (type !== 'moby') return { type, attributes: all }
    const { type: named = 'image', ...attributes } = all
    return { type: named, attributes }
  })
}
