import { parseCall } from '../../build/call.ts'
import { openContext, shownName } from '../../build/context-archive.ts'
import { openDisplay } from '../../build/display.ts'
import { FollowedBuild } from '../../build/follow.ts'
import { receiveGivenOut } from '../../build/given-out.ts'
import type { LocalCaches } from '../../build/local-caches.ts'
import type { Output } from '../../build/outputs.ts'
import { isQuiet } from '../../build/query.ts'
import { buildCall, lendDirectories, outputsOf, queryOf } from '../../build/request.ts'
import { removeIdFile, resultId, writeIdFile, writeMetadata } from '../../build/result.ts'
import { answersTo, sendInput } from '../../build/send-input.ts'
import { warningSummary } from '../../build/warnings.ts'
import type { CommandContext, Flags } from '../../framework/command.ts'

type Call = ReturnType<typeof parseCall>

/** `image build`: makes an image of a Dockerfile and a context. */
export async function imageBuild(
  commandContext: CommandContext,
  [path = '']: readonly string[],
  flags: Flags,
): Promise<number> {
  const call = parseCall(flags.string('call'), flags.bool('check'))
  const outputs = outputsOf(flags, commandContext.stdout.isTTY)
  const query = queryOf(commandContext, flags, call, outputs)
  const file = flags.string('file')
  const context = await openContext(path, file, () => commandContext.stdin)
  if (call.name === 'targets' || call.name === 'outline') {
    commandContext.stdout.write(await described(call, context.text, flags.string('target')))
    return 0
  }
  removeIdFile(flags.string('iidfile'))
  const lent = await lendDirectories(commandContext.client, flags)
  const build = await followedBuild(commandContext, flags, call, outputs, lent.caches)
  const ask = await buildCall(commandContext, flags, context, { ...query, ...lent.query })
  await using sent = await sendInput(commandContext, context, flags, lent.directories)
  const shown = { name: shownName(file), text: context.text }
  try {
    await build.follow(answersTo(sent, ask), call.name === 'build')
  } catch (error) {
    await tellFindings(commandContext, flags, call, build, shown)
    const { shownFailure } = await import('../../build/shown-failure.ts')
    throw await shownFailure(error, context, file)
  }
  if (call.name === 'check') return await tellChecks(commandContext, call, build, shown)
  tellResult(commandContext, flags, build, outputs)
  return 0
}

interface ShownDockerfile {
  name: string
  text: string | null
}

async function described({ name, json }: Call, text: string | null, target: string): Promise<string> {
  if (text === null) throw new Error(`--call=${name} needs a Dockerfile that is not inside of an archive`)
  const { outline, targets } = await import('../../build/description.ts')
  return name === 'targets' ? targets(text, json) : outline(text, target, json)
}

async function followedBuild(
  context: CommandContext,
  flags: Flags,
  call: Call,
  outputs: readonly Output[],
  caches: LocalCaches | null,
): Promise<FollowedBuild> {
  const { stderr, env } = context
  const display = await openDisplay(stderr, {
    progress: flags.string('progress'),
    quiet: isQuiet(flags) || call.name === 'check',
    explain: flags.bool('explain'),
    env,
  })
  for (const warning of caches?.warnings ?? []) stderr.write(`WARNING: ${warning}\n`)
  return new FollowedBuild(display, {
    debug: async (shell) => (await import('../../build/debug-shell.ts')).debugShell(context, shell),
    receive: (given) => receiveGivenOut(context, given, outputs, caches),
  })
}

const checkReports = () => import('../../build/checks.ts')

/** Of a build that has failed. */
async function tellFindings(
  { stdout, stderr, program }: CommandContext,
  flags: Flags,
  call: Call,
  { warnings }: FollowedBuild,
  shown: ShownDockerfile,
): Promise<void> {
  if (!isQuiet(flags) && call.name === 'build') stderr.write(warningSummary(warnings, program))
  if (call.name !== 'check' || warnings.length === 0) return
  const { checkReport } = await checkReports()
  stdout.write(checkReport(warnings, shown))
}

/** Returns the exit code of `--check`. */
async function tellChecks(
  { stdout }: CommandContext,
  call: Call,
  { warnings }: FollowedBuild,
  shown: ShownDockerfile,
): Promise<number> {
  const { checkJson, checkReport } = await checkReports()
  stdout.write(call.json ? checkJson(warnings, shown) : checkReport(warnings, shown))
  return warnings.length > 0 ? 1 : 0
}

function tellResult(
  { stdout, stderr, program, env }: CommandContext,
  flags: Flags,
  { summary, warnings }: FollowedBuild,
  outputs: readonly Output[],
): void {
  const id = resultId(summary)
  writeIdFile(flags.string('iidfile'), id)
  writeMetadata(flags.string('metadata-file'), summary, env)
  if (isQuiet(flags)) {
    if (id !== '' && !outputs.some(({ destination }) => destination.kind === 'stdout'))
      stdout.write(`${id}\n`)
    return
  }
  // Whoever reads the lines has had all of it in them.
  if ((flags.string('progress') || env.BUILDKIT_PROGRESS) === 'rawjson') return
  if (summary.image !== undefined) stderr.write(builtText(id, flags.list('tag')))
  stderr.write(warningSummary(warnings, program))
}

const builtText = (id: string, tags: readonly string[]): string =>
  `${tags.length > 0 ? `naming to ${tags.join(', ')}\n` : ''}built ${id}\n`
