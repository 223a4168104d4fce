/** Build arguments that say something to the builder itself, beside those that a Dockerfile declares. */
import { GantryError } from '@gantry/errors'

type Args = ReadonlyMap<string, string>

/** What the machine that a step sees is called (hostname(7)); null for the builder's own name. Throws InvalidParameter. */
export function sandboxHostname(args: Args): string | null {
  const name = args.get('BUILDKIT_SANDBOX_HOSTNAME') ?? ''
  if (name === '') return null
  // It stands in files of the step, in lines of their own.
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/i.test(name))
    throw new GantryError(
      'InvalidParameter',
      `invalid hostname ${JSON.stringify(name)} for BUILDKIT_SANDBOX_HOSTNAME`,
    )
  return name
}

/** The id of a cache mount, among those of its namespace where one is given. */
export function cacheMountId(args: Args, id: string): string {
  const namespace = args.get('BUILDKIT_CACHE_MOUNT_NS') ?? ''
  return namespace === '' ? id : `${namespace}/${id.replace(/^\/+/, '')}`
}

/** Whether a single platform is to be given out as several are. Throws InvalidParameter in BuildKit's words. */
export function asSeveralPlatforms(args: Args, platforms: number): boolean {
  const text = args.get('BUILDKIT_MULTI_PLATFORM') ?? ''
  if (text === '') return false
  const isTrue = /^(1|t|true)$/i.test(text)
  if (!isTrue && !/^(0|f|false)$/i.test(text))
    throw new GantryError('InvalidParameter', `invalid boolean value for multi-platform: ${text}`)
  if (!isTrue && platforms > 1)
    throw new GantryError('InvalidParameter', 'returning multiple target platforms is not allowed')
  return isTrue
}
