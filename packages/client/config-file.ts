import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { GantryError, messageOf } from '@gantry/errors'

/** The settings of `config.json` that Gantry honours; the file may hold more. */
export interface ConfigSettings {
  currentContext?: string
  detachKeys?: string
  psFormat?: string
  imagesFormat?: string
  networksFormat?: string
  volumesFormat?: string
  HttpHeaders?: Record<string, string>
  auths?: Record<string, { auth?: string; identitytoken?: string; registrytoken?: string }>
  credsStore?: string
  credHelpers?: Record<string, string>
  proxies?: Record<string, Record<string, string>>
}

export interface ConfigFile {
  /** The folder that also holds contexts and TLS files. */
  readonly directory: string
  readonly settings: ConfigSettings
}

/** The folder of the client's configuration: `--config`, `DOCKER_CONFIG`, or `~/.docker`. */
export function configDirectory(env: Readonly<Record<string, string | undefined>>, flag = ''): string {
  return flag || env.DOCKER_CONFIG || join(env.HOME || homedir(), '.docker')
}

/** Reads `config.json` from a configuration folder. A missing file is an empty one; a damaged file throws. */
export function readConfigFile(directory: string): ConfigFile {
  const path = join(directory, 'config.json')
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (
      (error as NodeJS.ErrnoException).code === 'ENOENT' ||
      (error as NodeJS.ErrnoException).code === 'ENOTDIR'
    ) {
      return { directory, settings: {} }
    }
    throw error
  }
  try {
    const settings: unknown = text.trim() === '' ? {} : JSON.parse(text)
    return { directory, settings: (settings ?? {}) as ConfigSettings }
  } catch (error) {
    throw new GantryError('InvalidParameter', `Error loading config file: ${path}: ${messageOf(error)}`)
  }
}
