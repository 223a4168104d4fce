/** Named contexts that are results of other builds (`target:` of `docker buildx bake`). */
import { control } from '@gantry/buildkit'
import { GantryError } from '@gantry/errors'
import type { FrontendOptions } from './options.ts'

/** The options, with what their inputs are in this engine. Throws NotImplemented for definitions that were not made here. */
export function withInputs({
  options,
  inputs,
}: Pick<control.BridgeSolve, 'options' | 'inputs'>): FrontendOptions {
  return new Map([...options].map(([name, value]) => [name, meantBy(name, value, inputs)]))
}

function meantBy(name: string, value: string, inputs: ReadonlyMap<string, Uint8Array>): string {
  const input = name.startsWith('context:') && /^input:(.*)$/.exec(value)?.[1]
  const definition = input && inputs.get(input)
  if (!definition) return value
  const image = control.imageOfDefinition(definition)
  if (image === null) throw new GantryError('NotImplemented', 'LLB definitions are not supported')
  return `target:${image}`
}
