import { Readable } from 'node:stream'
import { registryConfig } from '@gantry/client'
import { messageOf } from '@gantry/errors'
import { encodeAttests } from '../../build/attests.ts'
import { outline, parseCall, targets } from '../../build/call.ts'
import { checkJson, checkReport, warningSummary } from '../../build/checks.ts'
import { type BuildContext, openContext, shownName } from '../../build/context-archive.ts'
import { checkDebug, debugShell } from '../../build/debug-shell.ts'
import { openDisplay } from '../../build/display.ts'
import { failureOf, shownFailure } from '../../build/failure.ts'
import type { LocalCaches } from '../../build/local-caches.ts'
import type { NamedContexts } from '../../build/named-contexts.ts'
import { annotate, encodeOutputs, type Output, parseOutputs } from '../../build/outputs.ts'
import type { BuildEvent, BuildWarning } from '../../build/progress.ts'
import { type BuildSummary, removeIdFile, resultId, writeIdFile, writeMetadata } from '../../build/result.ts'
import { answersTo, type SentInput, sendInput } from '../../build/send-input.ts'
import type { JsonMessage } from '../../format/json-messages.ts'
import { type CommandContext, ExitError, type Flags } from '../../framework/command.ts'
import { parseExtraHost } from '../../options/hosts.ts'
import { parseReference } from '../../options/reference.ts'
import { parseUlimit } from '../../options/ulimit.ts'

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
  const warnings: BuildWarning[] = []
  const shown = { name: shownName(file), text: context.text }
  const isQuiet = flags.bool('quiet') || flags.string('progress') === 'quiet'
  const progress = openDisplay(stderr, {
    progress: flags.string('progress'),
    quiet: isQuiet || call.name === 'check',
    explain: flags.bool('explain'),
    env,
  })
  for (const warning of caches?.warnings ?? []) stderr.write(`WARNING: ${warning}\n`)
  let debugged = false
  let summary: BuildSummary = { names: [] }
  const lent = new Map([...contexts.directories, ...(caches?.directories ?? [])])
  const registries = await registryConfig(config)
  const ask = (sent: SentInput): AsyncIterable<JsonMessage> =>
    client.values<JsonMessage>('ImageBuild', {
      query: { ...query, ...cacheQuery(flags, caches), ...contexts.query, ...sent.query },
      headers: {
        ...(sent.body instanceof Readable && { 'Content-Type': 'application/x-tar' }),
        'X-Registry-Config': registries,
      },
      ...(sent.body && { body: sent.body }),
    })
  await using sent = await sendInput(commandContext, context, flags, lent)
  try {
    for await (const message of answersTo(sent, ask)) {
      const failure = failureOf(message)
      if (failure) throw failure
      if (message.id === 'gantry.build') {
        const event = message.aux as BuildEvent
        if (event.type === 'warning') warnings.push(event)
        if (!debugged) progress.show(event)
      }
      if (message.id === 'gantry.debug' && !debugged) {
        progress.close()
        progress.report()
        debugged = true
        await debugShell(commandContext, (message.aux as { shell: string }).shell)
      }
      if (message.id === 'gantry.export')
        await receive(commandContext, message.aux as GivenOut, outputs, caches)
      if (message.id === 'gantry.result') summary = message.aux as BuildSummary
    }
    progress.close()
  } catch (error) {
    if (!debugged) {
      progress.close()
      progress.report()
    }
    if (!isQuiet && call.name === 'build') stderr.write(warningSummary(warnings, program))
    if (call.name === 'check' && warnings.length > 0) stdout.write(checkReport(warnings, shown))
    throw await shownFailure(error, context, file)
  }
  if (call.name === 'check') {
    stdout.write(call.json ? checkJson(warnings, shown) : checkReport(warnings, shown))
    return warnings.length > 0 ? 1 : 0
  }
  const id = resultId(summary)
  writeIdFile(flags.string('iidfile'), id)
  writeMetadata(flags.string('metadata-file'), summary)
  if (isQuiet) {
    if (id !== '' && !outputs.some(({ destination }) => destination.kind === 'stdout'))
      stdout.write(`${id}\n`)
  } else if (summary.image !== undefined)
    stderr.write(
      `${flags.list('tag').length > 0 ? `naming to ${flags.list('tag').join(', ')}\n` : ''}built ${id}\n`,
    )
  if (!isQuiet) stderr.write(warningSummary(warnings, program))
  return 0
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

/** The name of an archive, and what it is: an output or a cache, by its place among those that were asked for. */
type GivenOut = { id: string } & ({ output: number; cache?: undefined } | { cache: number })

async function receive(
  context: CommandContext,
  given: GivenOut,
  outputs: readonly Output[],
  caches: LocalCaches | null,
): Promise<void> {
  if (given.cache === undefined) {
    const wanted = outputs[given.output]
    if (!wanted) throw new Error('the engine gives out an archive that was not asked for')
    const { receiveOutput } = await import('../../build/receive.ts')
    return receiveOutput(context, given.id, wanted)
  }
  const directory = caches?.targets.get(given.cache)
  if (!directory) throw new Error('the engine gives out a build cache that was not asked for')
  const { receiveCache } = await import('../../build/receive-cache.ts')
  const archive = await context.client.download('BuildExport', { path: { id: given.id } })
  try {
    await receiveCache(archive, directory)
  } catch (error) {
    if (!directory.ignoreError) throw error
    context.stderr.write(`WARNING: no build cache in ${directory.path}: ${messageOf(error)}\n`)
  } finally {
    archive.destroy()
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

function buildQuery(flags: Flags, env: CommandContext['env']): Record<string, string | boolean | string[]> {
  for (const tag of flags.list('tag')) checkTag(tag)
  const epoch = env.SOURCE_DATE_EPOCH
  const args = Object.fromEntries([
    ...(epoch ? [['SOURCE_DATE_EPOCH', epoch] as const] : []),
    ...flags.list('build-arg').map((text): [string, string | null] => {
      const equals = text.indexOf('=')
      return equals < 0 ? [text, env[text] ?? null] : [text.slice(0, equals), text.slice(equals + 1)]
    }),
  ])
  const ulimits = flags.list('ulimit').map(parseUlimit)
  const text = (name: string, parameter: string): Record<string, string> =>
    flags.changed(name) ? { [parameter]: flags.string(name) } : {}
  const bytes = (name: string, parameter: string): Record<string, string> =>
    flags.changed(name) ? { [parameter]: String(flags.bytes(name)) } : {}
  const number = (name: string, parameter: string): Record<string, string> =>
    flags.changed(name) ? { [parameter]: String(flags.number(name)) } : {}
  return {
    events: true,
    nocache: flags.bool('no-cache'),
    ...(flags.changed('no-cache-filter') && { 'no-cache-filter': flags.list('no-cache-filter') }),
    pull: flags.bool('pull'),
    ...(flags.bool('squash') && { squash: true }),
    t: flags.list('tag'),
    extrahosts: flags.list('add-host').map(parseExtraHost),
    buildargs: JSON.stringify(args),
    labels: JSON.stringify(flags.map('label')),
    ...(ulimits.length > 0 && { ulimits: JSON.stringify(ulimits) }),
    ...text('target', 'target'),
    ...(flags.changed('platform') && { platform: flags.list('platform').join(',') }),
    ...text('network', 'networkmode'),
    ...bytes('memory', 'memory'),
    ...bytes('memory-swap', 'memswap'),
    ...bytes('shm-size', 'shmsize'),
    ...number('cpu-shares', 'cpushares'),
    ...number('cpu-period', 'cpuperiod'),
    ...number('cpu-quota', 'cpuquota'),
    ...text('cpuset-cpus', 'cpusetcpus'),
    ...text('cpuset-mems', 'cpusetmems'),
    ...text('cgroup-parent', 'cgroupparent'),
    ...text('isolation', 'isolation'),
    ...(flags.changed('security-opt') && { securityopt: JSON.stringify(flags.list('security-opt')) }),
  }
}

/** Throws ExitError for a name that is none. */
function checkTag(tag: string): void {
  const refused = (why: string): ExitError =>
    new ExitError(125, `invalid argument ${JSON.stringify(tag)} for "-t, --tag" flag: ${why}`)
  let reference: ReturnType<typeof parseReference>
  try {
    reference = parseReference(tag)
  } catch (error) {
    throw refused(messageOf(error))
  }
  if (!reference) throw refused('invalid reference format')
}
