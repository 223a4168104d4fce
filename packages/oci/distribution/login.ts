/** Checking credentials with a registry, as `docker login` wants it. */
import { GantryError } from '@gantry/errors'
import type { CallOptions, Credentials, LoginResult } from './contracts.ts'
import { defaultRegistry } from './endpoints.ts'
import type { Hosts } from './registries.ts'

/** See Registries.login. */
export async function login(
  hosts: Hosts,
  credentials: Credentials,
  { signal }: CallOptions = {},
): Promise<LoginResult> {
  const host = await hosts.registry(domainOf(credentials.serverAddress ?? ''))
  return host.login(credentials, signal)
}

/** The registry of a server address: `https://index.docker.io/v1/`, `reg:5000`, `https://reg/v2/`. */
export function domainOf(serverAddress: string): string {
  const text = serverAddress.includes('://') ? serverAddress : `https://${serverAddress}`
  if (serverAddress !== '' && !URL.canParse(text))
    throw new GantryError(
      'InvalidParameter',
      `unable to parse server address: parse ${JSON.stringify(text)}: invalid character in host name`,
    )
  const host = serverAddress === '' ? defaultRegistry : new URL(text).host
  return host === 'index.docker.io' || host === 'registry-1.docker.io' ? defaultRegistry : host
}
