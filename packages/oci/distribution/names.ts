import { GantryError } from '@gantry/errors'
import { isDigest } from '../digest.ts'

const tag = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/

/** A tag or digest as part of a path. Throws InvalidParameter for what is neither, so that no path can be made of it. */
export function checkName(name: string): string {
  if (!tag.test(name) && !isDigest(name))
    throw new GantryError('InvalidParameter', `invalid tag or digest: ${JSON.stringify(name)}`)
  return name
}
