import { GantryError } from '@gantry/errors'

/** The y of API version 1.y. Comparing two of them says which is older. */
export type ApiVersion = number

export const newestVersion: ApiVersion = 55
export const oldestVersion: ApiVersion = 24

export interface VersionedPath {
  /** The path without its `/v1.y` prefix. */
  path: string
  /** Null for a version that is not served; `problem` says so in Docker's words. */
  version: ApiVersion | null
  problem?: GantryError
}

const prefix = /^\/v([0-9.]+)(?=\/)/

/** Splits `/v1.41/info` into its version and path. A path without a version is served as the newest. */
export function splitVersion(path: string): VersionedPath {
  const match = prefix.exec(path)
  if (!match) return { path, version: newestVersion }
  const text = match[1] as string
  const [major = 0, minor = 0] = text.split('.').map(Number)
  const rest = { path: path.slice(match[0].length), version: null }
  if (major > 1 || (major === 1 && minor > newestVersion)) {
    const problem = `client version ${text} is too new. Maximum supported API version is 1.${newestVersion}`
    return { ...rest, problem: new GantryError('InvalidParameter', problem) }
  }
  if (major < 1 || minor < oldestVersion) {
    const problem = `client version ${text} is too old. Minimum supported API version is 1.${oldestVersion}, please upgrade your client to a newer version`
    return { ...rest, problem: new GantryError('InvalidParameter', problem) }
  }
  return { ...rest, version: minor }
}
