/** What a client lends for private repositories, under BuildKit's names of secrets. */
import type { Sources } from '@gantry/build'

/** `GIT_AUTH_TOKEN.<host>` before `GIT_AUTH_TOKEN`; `GIT_AUTH_HEADER` alike, which is the whole value of the header. */
export async function gitAccess(
  address: string,
  { secret }: Pick<Sources, 'secret'>,
): Promise<{ token?: string; header?: string }> {
  if (!/^https?:/.test(address)) return {}
  const host = URL.parse(address)?.host ?? ''
  const find = async (name: string): Promise<string | undefined> =>
    ((await secret(`${name}.${host}`)) ?? (await secret(name)))?.toString().trim()
  const [token, header] = [await find('GIT_AUTH_TOKEN'), await find('GIT_AUTH_HEADER')]
  return { ...(token !== undefined && { token }), ...(header !== undefined && { header }) }
}
