import { GantryError, messageOf } from '@gantry/errors'
import { readSmallFile } from './small-file.ts'

/** The settings of `config.json` that Gantry honours; the file may hold more. */
export interface ConfigSettings {
  currentContext?: string
  detachKeys?: string
  psFormat?: string
  imagesFormat?: string
  networksFormat?: string
  volumesFormat?: string
  statsFormat?: string
  HttpHeaders?: Record<string, string>
  auths?: Record<string, { auth?: string; identitytoken?: string; registrytoken?: string }>
  credsStore?: string
  credHelpers?: Record<string, string>
  proxies?: Record<string, Record<string, string>>
}

export interface ConfigFile {
  /** The folder that also holds contexts and TLS files. */
  readonly directory: string
  /** config.json itself, which need not be there. */
  readonly path: string
  readonly settings: ConfigSettings
}

/** The folder of the client's configuration: `--config`, `DOCKER_CONFIG`, or `~/.docker`. */
export function configDirectory(env: Readonly<Record<string, string | undefined>>, flag = ''): string {
  return flag || env.DOCKER_CONFIG || `${env.HOME || process.getBuiltinModule('node:os').homedir()}/.docker`
}

/** What a folder without `config.json` stands for. */
export const emptyConfigFile = (directory: string): ConfigFile => ({
  directory,
  path: `${directory}/config.json`,
  settings: {},
})

/**
 * Reads `config.json` from a configuration folder. A missing file is an empty one; one that is damaged or cannot be read
 * throws InvalidParameter in Docker's words.
 */
export function readConfigFile(directory: string): ConfigFile {
  const path = `${directory}/config.json`
  let text: string
  try {
    text = readSmallFile(path)
  } catch (error) {
    return unreadable(directory, path, error as NodeJS.ErrnoException)
  }
  try {
    const settings: unknown = text.trim() === '' ? {} : JSON.parse(text)
    return { directory, path, settings: (settings ?? {}) as ConfigSettings }
  } catch (error) {
    throw new GantryError('InvalidParameter', `Error parsing config file (${path}): ${messageOf(error)}`)
  }
}

function unreadable(directory: string, path: string, error: NodeJS.ErrnoException): ConfigFile {
  switch (error.code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return emptyConfigFile(directory)
    case 'EACCES':
      throw new GantryError('InvalidParameter', `Error loading config file: open ${path}: permission denied`)
    case 'EISDIR':
      throw new GantryError(
        'InvalidParameter',
        `Error parsing config file (${path}): read ${path}: is a directory`,
      )
    default:
      throw error
  }
}
