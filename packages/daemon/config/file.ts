import { readFile } from 'node:fs/promises'
import type { Shape } from '@gantry/api/shape'
import { GantryError, messageOf } from '@gantry/errors'
import { decode } from '../http/decode.ts'
import { parseJson } from '../http/json-syntax.ts'
import { ignoredKeys, refusedKeys } from './foreign.ts'
import type { OptionValues } from './option-values.ts'
import { type OptionSpec, type OptionType, optionSpecs } from './options.ts'

export interface ConfigFile {
  values: OptionValues
  /** What the log should say about it. */
  warnings: string[]
}

const fileSpecs = (optionSpecs as readonly OptionSpec[]).filter((spec) => !spec.flagOnly)

const shapeOf: Record<OptionType, Shape> = {
  string: 'string',
  boolean: 'boolean',
  integer: 'integer',
  list: { array: 'string' },
  pools: { array: { fields: { base: 'string', size: 'integer' } } },
  runtimes: { map: { fields: { path: 'string', runtimeArgs: { array: 'string' } } } },
  pairs: { map: 'string' },
  policy: { map: 'any' },
  lists: { map: { array: 'string' } },
  builder: {
    fields: {
      gc: {
        fields: {
          enabled: 'boolean',
          defaultKeepStorage: 'string',
          defaultReservedSpace: 'string',
          defaultMaxUsedSpace: 'string',
          defaultMinFreeSpace: 'string',
          policy: {
            array: {
              fields: {
                all: 'boolean',
                filter: { array: 'string' },
                keepDuration: 'string',
                keepStorage: 'string',
                reservedSpace: 'string',
                maxUsedSpace: 'string',
                minFreeSpace: 'string',
              },
            },
          },
        },
      },
    },
  },
  ulimits: { map: { fields: { Name: 'string', Soft: 'integer', Hard: 'integer' } } },
}

const fileShape: Shape = {
  fields: Object.fromEntries(fileSpecs.map(({ key, type }) => [key, shapeOf[type]])),
}

/**
 * Reads daemon.json. A file that is not there is an empty one, unless it was asked for by name.
 * Throws InvalidParameter in the words of dockerd, naming the file.
 */
export async function readConfigFile(path: string, named: boolean): Promise<ConfigFile> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    if (named && missing) throw unusable(path, new Error(`open ${path}: no such file or directory`))
    if (!missing) throw unusable(path, error)
    return { values: {}, warnings: [] }
  }
  try {
    return parseConfig(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw unusable(path, error)
  }
}

/** An error about the configuration file, named as dockerd names it. */
export function unusable(path: string, cause: unknown): GantryError {
  const message = `unable to configure the Gantry daemon with file ${path}: ${messageOf(cause)}`
  return new GantryError('InvalidParameter', message, { cause })
}

function parseConfig(text: string): ConfigFile {
  const parsed = text.trim() === '' ? {} : parseJson(text)
  const values = decode(fileShape, parsed) as OptionValues
  const foreign = Object.keys(parsed as object).filter((key) => !fileSpecs.some((spec) => spec.key === key))
  const unknown = foreign.filter((key) => !ignoredKeys.has(key) && !refusedKeys.has(key))
  if (unknown.length > 0)
    throw invalid(`the following directives don't match any configuration option: ${unknown.join(', ')}`)
  const refused = foreign.filter((key) => refusedKeys.has(key))
  if (refused.length > 0)
    throw invalid(
      `the following directives are not available in this version of Gantry: ${refused.join(', ')}`,
    )
  return {
    values,
    warnings: foreign.map((key) => `daemon.json: ${JSON.stringify(key)} has no effect in Gantry`),
  }
}

function invalid(message: string): GantryError {
  return new GantryError('InvalidParameter', message)
}
