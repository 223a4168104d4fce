/** What the builder is asked for, of what the API asks for. */
import { posix } from 'node:path'
import type { BuildRequest } from '@gantry/build'
import { GantryError } from '@gantry/errors'
import { formatPlatform, hostPlatform, type Platform, parsePlatform } from '@gantry/oci'
import { type ResourceFacts, validateResources } from '../containers/validate-resources.ts'
import type { EngineBuildRequest } from '../contracts.ts'
import type { BuildInput } from './inputs.ts'

/** Named contexts, caches and credentials are for the caller to add. Throws InvalidParameter. */
export function builderRequest(
  request: EngineBuildRequest,
  { dockerfile, ignores, sources }: BuildInput,
  facts: ResourceFacts,
): BuildRequest {
  return {
    dockerfile,
    dockerfileName: posix.basename(request.dockerfile),
    args: request.args,
    labels: request.labels,
    platforms: platformsOf(request.platforms),
    platformsGiven: request.platforms.length > 0,
    noCache: request.noCache,
    noCacheFilter: request.noCacheFilter,
    pull: request.pull,
    network: networkOf(request.network),
    hosts: request.hosts,
    classic: !request.events && !request.trace,
    checkOnly: request.check,
    ...(ignores && { ignores }),
    contexts: [],
    namedImages: new Map(),
    recordsGo: 'nowhere',
    remoteCaches: [],
    sources,
    ...(request.target && { target: request.target }),
    ...(request.shmSize !== undefined && { shmSize: request.shmSize }),
    ...(request.ulimits && { ulimits: request.ulimits }),
    ...(request.limits && { limits: validateResources(request.limits, facts).hostConfig }),
    ...createdAt(request.args.get('SOURCE_DATE_EPOCH')),
  }
}

/** Each once; without one, this machine's. Throws InvalidParameter. */
export function platformsOf(texts: readonly string[]): Platform[] {
  const platforms = texts.map((text) => parsePlatform(text))
  const once = new Map(platforms.map((platform) => [formatPlatform(platform), platform]))
  return once.size > 0 ? [...once.values()] : [hostPlatform()]
}

/** SOURCE_DATE_EPOCH, in seconds since 1970. Throws InvalidParameter. */
function createdAt(text: string | undefined): Pick<BuildRequest, 'created'> {
  if (text === undefined || text === '') return {}
  if (!/^\d{1,11}$/.test(text))
    throw new GantryError('InvalidParameter', `invalid SOURCE_DATE_EPOCH: ${text}`)
  return { created: new Date(Number(text) * 1000) }
}

/** Networks of this machine and `container:ID`, too, are looked for when a step runs. Throws InvalidParameter. */
function networkOf(mode: string): string {
  if (mode === '' || mode === 'default' || mode === 'bridge') return 'default'
  if (mode === 'container' || mode === 'container:')
    throw new GantryError('InvalidParameter', 'invalid container format container:<name|id>')
  return mode
}
