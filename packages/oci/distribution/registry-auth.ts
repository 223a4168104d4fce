/** Credentials as the Engine API's headers carry them: X-Registry-Auth and X-Registry-Config. */
import { GantryError, messageOf } from '@gantry/errors'
import * as json from '../json.ts'
import type { Credentials } from './contracts.ts'

const largestHeader = 256 * 1024

/**
 * Decodes X-Registry-Auth, base64url of a JSON AuthConfig, with or without padding; nothing, or an empty object, is
 * anonymous. Throws InvalidParameter; endpoints that Docker lets pass with a broken header take that for anonymous.
 */
export function decodeRegistryAuth(header: string | undefined): Credentials {
  if (header === undefined || header === '') return {}
  try {
    return parseAuthConfig(decode(header), 'X-Registry-Auth header')
  } catch (cause) {
    throw invalid('X-Registry-Auth', cause)
  }
}

/** Decodes X-Registry-Config: credentials by server address, for builds. Throws InvalidParameter. */
export function decodeRegistryConfig(header: string | undefined): Record<string, Credentials> {
  // Clients without any credentials send `null`.
  if (header === undefined || header === '' || header === 'bnVsbA==') return {}
  try {
    return json.map(decode(header), 'X-Registry-Config header', parseAuthConfig)
  } catch (cause) {
    throw invalid('X-Registry-Config', cause)
  }
}

function decode(header: string): json.JsonObject {
  return json.parseJsonObject(Buffer.from(header, 'base64url'), 'header', largestHeader)
}

/** Reads an AuthConfig of the Engine API. Throws InvalidParameter naming `what`. */
export function parseAuthConfig(value: unknown, what: string): Credentials {
  const body = json.object(value, what)
  const text = (key: string): string | undefined =>
    json.optional(body[key], `${what} ${key}`, json.string) || undefined
  const basic = text('auth')
  const [username, ...password] = basic ? Buffer.from(basic, 'base64').toString('utf8').split(':') : []
  const fields: Credentials = {
    username: text('username') ?? username,
    password: text('password') ?? (basic ? password.join(':') : undefined),
    identityToken: text('identitytoken'),
    registryToken: text('registrytoken'),
    serverAddress: text('serveraddress'),
  }
  return Object.fromEntries(Object.entries(fields).filter(([, field]) => field)) as Credentials
}

function invalid(name: string, cause: unknown): GantryError {
  return new GantryError('InvalidParameter', `invalid ${name} header: ${messageOf(cause)}`, { cause })
}
