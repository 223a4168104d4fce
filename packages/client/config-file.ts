import {
  chmodSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { GantryError, messageOf } from '@gantry/errors'

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
  return (
    flag || env.DOCKER_CONFIG || join(env.HOME || process.getBuiltinModule('node:os').homedir(), '.docker')
  )
}

/** What a folder without `config.json` stands for. */
export const emptyConfigFile = (directory: string): ConfigFile => ({
  directory,
  path: join(directory, 'config.json'),
  settings: {},
})

/**
 * Reads `config.json` from a configuration folder. A missing file is an empty one; one that is damaged or cannot be read
 * throws InvalidParameter in Docker's words.
 */
export function readConfigFile(directory: string): ConfigFile {
  const path = join(directory, 'config.json')
  let text: string
  try {
    text = readFileSync(path, 'utf8')
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

/**
 * Changes config.json: reads it again, so that another command's change is kept, and writes it anew, readable for its
 * owner only when it was not there. Everything that Gantry does not know stays. `config.settings` changes with it.
 */
export function updateConfigFile(config: ConfigFile, change: (settings: ConfigSettings) => void): void {
  const { settings } = readConfigFile(config.directory)
  change(settings)
  change(config.settings)
  mkdirSync(config.directory, { recursive: true, mode: 0o700 })
  // The file may be a link into a folder that is kept elsewhere: the link stays.
  const target = existing(config.path) ?? config.path
  const unfinished = join(dirname(target), `.config.json.${process.pid}`)
  try {
    writeFileSync(unfinished, JSON.stringify(settings, null, '\t'), { mode: 0o600 })
    if (existing(target)) chmodSync(unfinished, statSync(target).mode & 0o777)
    renameSync(unfinished, target)
  } catch (error) {
    rmSync(unfinished, { force: true })
    throw error
  }
}

function existing(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}
