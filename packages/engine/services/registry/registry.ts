/** What the engine asks registries for besides images: logins, descriptors, search. */
import type { Operations } from '@gantry/api'
import { GantryError } from '@gantry/errors'
import {
  type Descriptor,
  digestOf,
  isImageConfigType,
  json,
  largestConfig,
  parseManifest,
  parseReference,
  type Reference,
  type Registries,
  type Repository,
  withDefaultTag,
} from '@gantry/oci'
import type { RegistrySearch, RegistryService } from '../../contracts.ts'
import { checkFilters } from '../filters.ts'
import { matchesSearch, searchFilterNames } from './search-filters.ts'

const defaultLimit = 25
const mostResults = 100

type DistributionInfo = Operations['DistributionInspect']['answer']
type Platform = DistributionInfo['Platforms'][number]

/** Makes what answers questions to registries: logins, what a name stands for there, searches. It keeps nothing. */
export function createRegistryService({ registries }: { registries: Registries }): RegistryService {
  return {
    login: async (credentials, signal) => {
      const { status, identityToken } = await registries.login(credentials, { ...(signal && { signal }) })
      return { Status: status, IdentityToken: identityToken }
    },
    distribution: async (name, credentials, signal) => {
      const reference = namedReference(name)
      return describe(registries.repository(reference, { action: 'pull', credentials }), reference, signal)
    },
    search: (term, options) => search(registries, term, options),
  }
}

function namedReference(name: string): Reference {
  if (/^[a-f0-9]{64}$/.test(name))
    throw new GantryError('InvalidParameter', `unknown image reference format: ${name}`)
  return withDefaultTag(parseReference(name))
}

async function describe(
  repository: Repository,
  { digest, tag = 'latest' }: Reference,
  signal: AbortSignal | undefined,
): Promise<DistributionInfo> {
  const { descriptor, bytes } = await repository.manifest(digest ?? tag, { ...(signal && { signal }) })
  const manifest = parseManifest(bytes, descriptor.mediaType)
  if (manifest.kind === 'manifest')
    return { Descriptor: descriptor, Platforms: await platformsOf(repository, manifest.config, signal) }
  const platforms = manifest.manifests.flatMap(({ platform }) => (platform ? [platform] : []))
  return { Descriptor: descriptor, Platforms: platforms }
}

/** What an image's configuration says of itself; an artifact that is no image runs nowhere. */
async function platformsOf(
  repository: Repository,
  config: Descriptor,
  signal: AbortSignal | undefined,
): Promise<Platform[]> {
  if (!isImageConfigType(config.mediaType) || config.size > largestConfig) return []
  const { stream } = await repository.blob(config, { ...(signal && { signal }) })
  const bytes = Buffer.concat(await stream.toArray())
  if (digestOf(bytes) !== config.digest)
    throw new GantryError('System', `image config verification failed for digest ${config.digest}`)
  const body = json.parseJsonObject(bytes, 'image config', largestConfig)
  const text = (key: string): string | undefined =>
    json.optional(body[key], `image config ${key}`, json.string) || undefined
  const features = json.optional(body['os.features'], 'image config os.features', (value, what) =>
    json.list(value, what, json.string),
  )
  const [os, version, variant] = [text('os'), text('os.version'), text('variant')]
  return [
    {
      architecture: text('architecture') ?? '',
      os: os ?? '',
      ...(version && { 'os.version': version }),
      ...(features && { 'os.features': features }),
      ...(variant && { variant }),
    },
  ]
}

async function search(
  registries: Registries,
  term: string,
  { credentials, headers, limit = 0, filters, signal }: RegistrySearch,
): ReturnType<RegistryService['search']> {
  const wanted = limit === 0 ? defaultLimit : limit
  if (wanted < 1 || wanted > mostResults)
    throw new GantryError('InvalidParameter', `Limit ${limit} is outside the range of [1, ${mostResults}]`)
  checkFilters(filters, searchFilterNames)
  const matches = matchesSearch(filters)
  const found = await registries.search(term, {
    credentials,
    headers,
    limit: wanted,
    ...(signal && { signal }),
  })
  return found.filter(matches).map((result) => ({
    star_count: result.starCount,
    is_official: result.isOfficial,
    name: result.name,
    is_automated: result.isAutomated,
    description: result.description,
  }))
}
