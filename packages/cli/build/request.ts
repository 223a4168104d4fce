/** What a build asks of the engine, of what the user's flags say. */
import { resolve } from 'node:path'
import { registryConfig } from '@gantry/client'
import type { JsonMessage } from '../format/json-messages.ts'
import type { CommandContext, Flags } from '../framework/command.ts'
import { encodeAttests } from './attests.ts'
import type { parseCall } from './call.ts'
import type { BuildContext } from './context-archive.ts'
import type { LocalCaches } from './local-caches.ts'
import type { NamedContexts } from './named-contexts.ts'
import { annotate, encodeOutputs, type Output, parseOutputs } from './outputs.ts'
import { buildQuery } from './query.ts'
import type { SentInput } from './send-input.ts'

type Query = Record<string, string | string[] | number | boolean | undefined>

/** Directories of this machine that the engine may ask for, and what it is told of them. */
export interface LentDirectories {
  directories: ReadonlyMap<string, string>
  query: Record<string, string>
  /** Null without caches in directories. */
  caches: LocalCaches | null
}

/** Throws for flags that contradict each other. */
export function outputsOf(flags: Flags, terminal: boolean): Output[] {
  const outputs = parseOutputs({
    outputs: flags.list('output'),
    load: flags.bool('load'),
    push: flags.bool('push'),
    terminal,
  })
  return annotate(outputs, flags.list('annotation'))
}

/** What flags say without a look at any file. Throws for what cannot be understood. */
export function queryOf(
  context: CommandContext,
  flags: Flags,
  { name }: ReturnType<typeof parseCall>,
  outputs: readonly Output[],
): Query {
  return {
    ...buildQuery(flags, context.env),
    ...encodeOutputs(outputs),
    ...encodeAttests(flags),
    ...(name === 'check' && { check: true }),
    ...(wantsDebug(context, flags) && { debug: true }),
  }
}

/** Whether a shell is wanted where a step fails. Throws Error when there is nobody to talk to. */
function wantsDebug(context: CommandContext, flags: Flags): boolean {
  if (!flags.bool('debug-on-error')) return false
  if (!context.stdin.isTTY || !context.stdout.isTTY)
    throw new Error('--debug-on-error opens a shell: it needs a terminal as standard input and output')
  return true
}

/** Named contexts and caches in directories. Image layouts are sent at once. */
export async function lendDirectories(
  client: CommandContext['client'],
  flags: Flags,
): Promise<LentDirectories> {
  const contexts = await namedContexts(client, flags.list('build-context'))
  const caches = await cachesOf(flags)
  return {
    directories: new Map([...contexts.directories, ...(caches?.directories ?? [])]),
    query: { ...cacheQuery(flags, caches), ...contexts.query },
    caches,
  }
}

/** Resolves to what asks the engine for the build, once its input is there. */
export async function buildCall(
  { client, config, env }: CommandContext,
  flags: Flags,
  context: BuildContext,
  query: Query,
): Promise<(sent: SentInput) => AsyncIterable<JsonMessage>> {
  const registries = await registryConfig(config)
  const repository = await repositoryQuery(flags, context, env)
  return (sent) =>
    client.values<JsonMessage>('ImageBuild', {
      query: { ...query, ...repository, ...sent.query },
      headers: {
        ...(isArchive(sent.body) && { 'Content-Type': 'application/x-tar' }),
        'X-Registry-Config': registries,
      },
      ...(sent.body && { body: sent.body }),
    })
}

const isArchive = (body: SentInput['body']): body is AsyncIterable<Buffer> =>
  typeof body === 'object' && Symbol.asyncIterator in body

/** Asked for only by those who will read it. */
async function repositoryQuery(
  flags: Flags,
  { directory }: BuildContext,
  env: CommandContext['env'],
): Promise<{ repository?: string }> {
  const isRead = ['provenance', 'attest', 'metadata-file'].some((name) => flags.changed(name))
  if (!isRead || !directory) return {}
  const { repositoryOf } = await import('./repository.ts')
  const file = flags.string('file')
  const dockerfile = file === '' || file === '-' ? 'Dockerfile' : resolve(file)
  return { repository: JSON.stringify(repositoryOf(directory.root, dockerfile, env)) }
}

/** What does this is loaded only for builds that have named contexts. */
async function namedContexts(
  client: CommandContext['client'],
  texts: readonly string[],
): Promise<NamedContexts> {
  if (texts.length === 0) return { query: {}, directories: new Map() }
  const { sendContexts } = await import('./named-contexts.ts')
  return await sendContexts(client, texts)
}

/** Null without caches in directories: what does this is loaded only for them. */
async function cachesOf(flags: Flags): Promise<LocalCaches | null> {
  const [from, to] = [flags.list('cache-from'), flags.list('cache-to')]
  if (![...from, ...to].some((text) => text.includes('local'))) return null
  const { localCaches } = await import('./local-caches.ts')
  return await localCaches(from, to)
}

function cacheQuery(flags: Flags, caches: LocalCaches | null): Record<string, string> {
  const { from, to } = caches ?? { from: flags.list('cache-from'), to: flags.list('cache-to') }
  return {
    ...(from.length > 0 && { cachefrom: JSON.stringify(from) }),
    ...(to.length > 0 && { cacheto: JSON.stringify(to) }),
  }
}
