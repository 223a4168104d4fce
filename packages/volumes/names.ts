import { randomBytes } from 'node:crypto'
import { GantryError } from '@gantry/errors'

const pattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/

/**
 * Throws InvalidParameter unless `name` may name a volume. The name becomes a directory name, so this check is what
 * keeps volumes inside the data root.
 */
export function checkVolumeName(name: string): void {
  if (name.length === 1)
    throw invalid(name, 'volume name is too short, names should be at least two alphanumeric characters')
  if (!pattern.test(name) || name.length > 255)
    throw invalid(
      name,
      `${JSON.stringify(name)} includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
    )
}

/** The name of a nameless volume: 64 hex digits. */
export function anonymousName(): string {
  return randomBytes(32).toString('hex')
}

function invalid(name: string, problem: string): GantryError {
  return new GantryError('InvalidParameter', `create ${name}: ${problem}`)
}
