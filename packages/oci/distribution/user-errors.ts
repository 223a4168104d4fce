/** What failed pulls and pushes tell users. */
import { GantryError } from '@gantry/errors'
import { familiarName, familiarRepository, type Reference } from '../reference.ts'
import { RegistryError } from './errors.ts'

/**
 * What a failed pull tells the user about an image: Docker's words and kinds. A registry that denies may also mean that
 * there is no such repository; a missing login is a failure of the engine's, so that clients do not ask for a password.
 */
export function pullError(error: unknown, reference: Reference): unknown {
  if (!(error instanceof RegistryError)) return error
  const repository = familiarRepository(reference)
  const said = error.detail ?? error.message
  switch (error.reason) {
    case 'denied':
      return notFound(
        `pull access denied for ${repository}, repository does not exist or may require 'docker login': ${said}`,
        error,
      )
    case 'manifest-unknown':
      return notFound(`manifest for ${familiarName(reference)} not found: ${said}`, error)
    case 'name-unknown':
      return notFound(`repository ${repository} not found: ${said}`, error)
    case 'unauthorized':
      return new GantryError('System', error.message, { cause: error })
    default:
      return error
  }
}

/** What a failed push tells the user: Docker leaves the request out that credentials were missing or wrong for. */
export function pushError(error: unknown): unknown {
  const isUnauthorized = error instanceof RegistryError && error.reason === 'unauthorized'
  return isUnauthorized && error.cause instanceof RegistryError ? error.cause : error
}

const notFound = (message: string, cause: unknown): GantryError =>
  new GantryError('NotFound', message, { cause })
