import { chmodSync, mkdirSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type ConfigFile, type ConfigSettings, readConfigFile } from './config-file.ts'

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
