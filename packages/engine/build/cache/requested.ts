/** The caches that a build is asked to read and to write. */
import type { BuildRequest } from '@gantry/build'
import { GantryError } from '@gantry/errors'
import type { EngineBuildRequest } from '../../contracts.ts'
import { type CacheSource, type CacheTarget, parseSource, parseTarget } from './specs.ts'

/** Asks for what `--cache-to type=inline` does. */
const inlineArgument = 'BUILDKIT_INLINE_CACHE'

export interface RequestedCaches {
  sources: CacheSource[]
  targets: CacheTarget[]
  /** The image is to carry its keys. */
  inline: boolean
}

/** Throws InvalidParameter, and NotImplemented for types that there are not. */
export function requestedCaches(request: EngineBuildRequest): RequestedCaches {
  const { cacheFrom, cacheTo, args, events, trace } = request
  const isClassic = !events && !trace
  const all = cacheTo.map(parseTarget)
  const targets = all.filter((target) => target !== 'inline')
  if (!events && targets.some(({ to }) => to.type === 'client'))
    throw new GantryError('InvalidParameter', 'this client does not take a build cache of type local')
  return {
    sources: cacheFrom.map((option) =>
      isClassic && typeof option === 'string' && !option.includes('=')
        ? { type: 'image', name: option }
        : parseSource(option),
    ),
    targets,
    // A squashed image has none of the steps' layers.
    inline: !request.squash && (all.includes('inline') || /^(1|true)$/i.test(args.get(inlineArgument) ?? '')),
  }
}

/** Which of the records of a build that asks for these are for others. */
export function whereRecordsGo({ targets, inline }: RequestedCaches): BuildRequest['recordsGo'] {
  if (targets.some(({ all }) => all)) return 'all'
  return inline || targets.length > 0 ? 'result' : 'nowhere'
}
