/** What a template can call. */
import type { GoType, GoValue, StructType } from '../go/types.ts'

/** An argument or a result; undefined is a missing value, such as an absent key gives. */
export type Value = GoValue | undefined

export interface TemplateFunction {
  readonly parameters: readonly GoType[]
  /** The last parameter may be given any number of times. */
  readonly variadic?: boolean
  /** Stops evaluating its arguments as soon as one decides (`and`, `or`). */
  readonly decides?: (value: Value) => boolean
  /**
   * `sources` are the arguments as they stand in the template. Throws an Error whose message is shown after
   * `error calling NAME: `.
   */
  call(args: readonly Value[], sources: readonly string[]): Value
}

/** A parameter that takes the value whatever its type is, missing ones included. */
export const anyValue: StructType = { kind: 'struct', name: 'reflect.Value', fields: [] }
