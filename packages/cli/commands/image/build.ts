import { resolve } from 'node:path'
import { registryConfig } from '@gantry/client'
import { encodeAttests } from '../../build/attests.ts'
import { outline, parseCall, targets } from '../../build/call.ts'
import { checkJson, checkReport, warningSummary } from '../../build/checks.ts'
import { type BuildContext, openContext, shownName } from '../../build/context-archive.ts'
import { checkDebug, debugShell } from '../../build/debug-shell.ts'
import { openDisplay } from '../../build/display.ts'
import { shownFailure } from '../../build/failure.ts'
import { FollowedBuild } from '../../build/follow.ts'
import { receiveGivenOut } from '../../build/given-out.ts'
import type { LocalCaches } from '../../build/local-caches.ts'
import type { NamedContexts } from '../../build/named-contexts.ts'
import { annotate, encodeOutputs, type Output, parseOutputs } from '../../build/outputs.ts'
import { buildQuery, isQuiet } from '../../build/query.ts'
import { removeIdFile, resultId, writeIdFile, writeMetadata } from '../../build/result.ts'
import { answersTo, type SentInput, sendInput } from '../../build/send-input.ts'
import type { JsonMessage } from '../../format/json-messages.ts'
import type { CommandContext, Flags } from '../../framework/command.ts'

/** `image build`: makes an image of a Dockerfile and a context. */
export async function imageBuild(
  commandContext: CommandContext,
  [path = '']: readonly string[],
  flags: Flags,
): Promise<number> {
  const { client, program, stdout, stderr, env, config } = commandContext
  const call = parseCall(flags.string('call'), flags.bool('check'))
  const outputs = outputsOf(flags, stdout.isTTY)
  const query = {
    ...buildQuery(flags, env),
    ...encodeOutputs(outputs),
    ...encodeAttests(flags),
    ...(call.name === 'check' && { check: true }),
    ...(checkDebug(commandContext, flags) && { debug: true }),
  }
  const file = flags.string('file')
  const context = await openContext(path, file, () => commandContext.stdin)
  if (call.name === 'targets' || call.name === 'outline') {
    stdout.write(described(call, context, flags.string('target')))
    return 0
  }
  removeIdFile(flags.string('iidfile'))
  const contexts = await namedContexts(client, flags.list('build-context'))
  const caches = await cachesOf(flags)
  const shown = { name: shownName(file), text: context.text }
  const quiet = isQuiet(flags)
  const display = openDisplay(stderr, {
    progress: flags.string('progress'),
    quiet: quiet || call.name === 'check',
    explain: flags.bool('explain'),
    env,
  })
  for (const warning of caches?.warnings ?? []) stderr.write(`WARNING: ${warning}\n`)
  const lent = new Map([...contexts.directories, ...(caches?.directories ?? [])])
  const registries = await registryConfig(config)
  const repository = await repositoryQuery(flags, context, env)
  const ask = (sent: SentInput): AsyncIterable<JsonMessage> =>
    client.values<JsonMessage>('ImageBuild', {
      query: { ...query, ...cacheQuery(flags, caches), ...contexts.query, ...repository, ...sent.query },
      headers: {
        ...(isArchive(sent.body) && { 'Content-Type': 'application/x-tar' }),
        'X-Registry-Config': registries,
      },
      ...(sent.body && { body: sent.body }),
    })
  await using sent = await sendInput(commandContext, context, flags, lent)
  const build = new FollowedBuild(display, {
    debug: (shell) => debugShell(commandContext, shell),
    receive: (given) => receiveGivenOut(commandContext, given, outputs, caches),
  })
  const { warnings } = build
  try {
    await build.follow(answersTo(sent, ask), call.name === 'build')
  } catch (error) {
    if (!quiet && call.name === 'build') stderr.write(warningSummary(warnings, program))
    if (call.name === 'check' && warnings.length > 0) stdout.write(checkReport(warnings, shown))
    throw await shownFailure(error, context, file)
  }
  if (call.name === 'check') {
    stdout.write(call.json ? checkJson(warnings, shown) : checkReport(warnings, shown))
    return warnings.length > 0 ? 1 : 0
  }
  const id = resultId(build.summary)
  writeIdFile(flags.string('iidfile'), id)
  writeMetadata(flags.string('metadata-file'), build.summary, process.env)
  if (quiet) {
    if (id !== '' && !outputs.some(({ destination }) => destination.kind === 'stdout'))
      stdout.write(`${id}\n`)
    return 0
  }
  if (build.summary.image !== undefined) stderr.write(builtText(id, flags.list('tag')))
  stderr.write(warningSummary(warnings, program))
  return 0
}

const isArchive = (body: SentInput['body']): body is AsyncIterable<Buffer> =>
  body !== undefined && Symbol.asyncIterator in body

const builtText = (id: string, tags: readonly string[]): string =>
  `${tags.length > 0 ? `naming to ${tags.join(', ')}\n` : ''}built ${id}\n`

/** Asked for only by those who will read it. */
async function repositoryQuery(
  flags: Flags,
  { directory }: BuildContext,
  env: CommandContext['env'],
): Promise<{ repository?: string }> {
  const isRead = ['provenance', 'attest', 'metadata-file'].some((name) => flags.changed(name))
  if (!isRead || !directory) return {}
  const { repositoryOf } = await import('../../build/repository.ts')
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
  const { sendContexts } = await import('../../build/named-contexts.ts')
  return sendContexts(client, texts)
}

function outputsOf(flags: Flags, terminal: boolean): Output[] {
  const outputs = parseOutputs({
    outputs: flags.list('output'),
    load: flags.bool('load'),
    push: flags.bool('push'),
    terminal,
  })
  return annotate(outputs, flags.list('annotation'))
}

/** Null without caches in directories: what does this is loaded only for them. */
async function cachesOf(flags: Flags): Promise<LocalCaches | null> {
  const [from, to] = [flags.list('cache-from'), flags.list('cache-to')]
  if (![...from, ...to].some((text) => text.includes('local'))) return null
  const { localCaches } = await import('../../build/local-caches.ts')
  return localCaches(from, to)
}

function cacheQuery(flags: Flags, caches: LocalCaches | null): Record<string, string> {
  const { from, to } = caches ?? { from: flags.list('cache-from'), to: flags.list('cache-to') }
  return {
    ...(from.length > 0 && { cachefrom: JSON.stringify(from) }),
    ...(to.length > 0 && { cacheto: JSON.stringify(to) }),
  }
}

function described(
  { name, json }: ReturnType<typeof parseCall>,
  { text }: BuildContext,
  target: string,
): string {
  if (text === null) throw new Error(`--call=${name} needs a Dockerfile that is not inside of an archive`)
  return name === 'targets' ? targets(text, json) : outline(text, target, json)
}
