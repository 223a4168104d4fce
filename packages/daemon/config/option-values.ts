/** What options become once they are read, from flags or from daemon.json. */
import type { BuilderGcOption } from './builder-gc.ts'
import type { optionSpecs } from './options.ts'

export type OptionKey = (typeof optionSpecs)[number]['key']

export interface AddressPool {
  base: string
  size: number
}

export interface RuntimeOption {
  path: string
  runtimeArgs?: string[]
}

/** In the words of daemon.json; -1 is no limit. */
export interface UlimitOption {
  Name?: string
  Soft?: number
  Hard?: number
}

interface ValueOf {
  string: string
  boolean: boolean
  integer: number
  list: string[]
  pools: AddressPool[]
  runtimes: Record<string, RuntimeOption>
  pairs: Record<string, string>
  policy: Record<string, unknown>
  lists: Record<string, string[]>
  ulimits: Record<string, UlimitOption>
  builder: { gc?: BuilderGcOption }
}

type SpecOf<Key> = Extract<(typeof optionSpecs)[number], { key: Key }>

/** Options as they were given, in flags or in the file; absent ones are not there. */
export type OptionValues = { -readonly [Key in OptionKey]?: ValueOf[SpecOf<Key>['type']] }
