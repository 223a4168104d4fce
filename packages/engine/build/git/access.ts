/** What a client lends for private repositories, under BuildKit's names of secrets. */
import type { Sources } from '@gantry/build'

/**
 * For HTTP `GIT_AUTH_TOKEN.<host>` before `GIT_AUTH_TOKEN`; `GIT_AUTH_HEADER` alike, which is the whole value of the
 * header. For ssh the agent that is lent as `default`.
 */
export async function gitAccess(
  address: string,
  { secret, ssh }: Pick<Sources, 'secret' | 'ssh'>,
): Promise<{ token?: string; header?: string; agent?: string }> {
  if (/^git:/.test(address)) return {}
  if (!/^https?:/.test(address)) {
    const agent = await ssh('default')
    return agent === null ? {} : { agent }
  }
  const host = URL.parse(address)?.host ?? ''
  const find = async (name: string): Promise<string | undefined> =>
    ((await secret(`${name}.${host}`)) ?? (await secret(name)))?.toString().trim()
  const [token, header] = [await find('GIT_AUTH_TOKEN'), await find('GIT_AUTH_HEADER')]
  return { ...(token !== undefined && { token }), ...(header !== undefined && { header }) }
}
