/** What a client of BuildKit has for registries: asked for in its session, once for each. */
import type { CredentialsLookup } from '@gantry/build'
import type { CallerSession } from '@gantry/buildkit'
import type { Credentials } from '@gantry/oci'

/** Under which command lines know Docker Hub when they are asked by BuildKit. */
const hub = 'registry-1.docker.io'

/** What came with the request goes before what the session has. Rejects with the client's error when it fails to look. */
export function sessionCredentials(
  session: Pick<CallerSession, 'credentials'>,
  given: CredentialsLookup | undefined,
  signal: AbortSignal,
): CredentialsLookup {
  const known = new Map<string, Promise<Credentials | undefined>>()
  const ask = async (domain: string): Promise<Credentials | undefined> => {
    const found = await session.credentials(domain === 'docker.io' ? hub : domain, signal)
    if (!found) return undefined
    const { username, secret } = found
    // Without a name it is a token.
    return username === '' ? { identityToken: secret } : { username, password: secret }
  }
  return async (domain) => {
    const own = await given?.(domain)
    if (own) return own
    const asked = known.get(domain) ?? ask(domain)
    known.set(domain, asked)
    return await asked
  }
}
