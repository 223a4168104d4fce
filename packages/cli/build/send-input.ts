/** How the input of a build gets to the engine: in one piece, in a session, or as an archive. */
import { ApiError } from '@gantry/client'
import type { CommandContext, Flags } from '../framework/command.ts'
import type { BuildContext } from './context-archive.ts'
import { NoSmallContext, type SmallContext, smallContext } from './small-context.ts'

export interface SentInput extends AsyncDisposable {
  query: Record<string, string>
  /** What reads a small directory, while the engine looks at the request; or an archive of the context. */
  body?: (() => SmallContext) | AsyncIterable<Buffer>
  /** For directories that are not small, and engines that do not know this way. */
  otherwise?: () => Promise<SentInput>
}

/** What the engine answers to `ask`; it is asked once more where the input cannot be sent in one piece. */
export async function* answersTo<T>(
  sent: SentInput,
  ask: (sent: SentInput) => AsyncIterable<T>,
): AsyncGenerator<T> {
  try {
    yield* ask(sent)
    return
  } catch (error) {
    if (!sent.otherwise || !(error instanceof NoSmallContext || takesItForAnAddress(error))) throw error
  }
  await using other = await sent.otherwise()
  yield* ask(other)
}

/** As engines do that know of no such context; nothing has been built then. */
const takesItForAnAddress = (error: unknown): boolean =>
  error instanceof ApiError &&
  [`address ${inOnePiece}`, `remoteURL (${inOnePiece})`].some((words) => error.message.includes(words))

/** The name of such a context. */
const inOnePiece = 'client-files'

/** `directories` are named contexts. Rejects with Error when a secret or an agent is not there. */
export async function sendInput(
  context: CommandContext,
  build: BuildContext,
  flags: Flags,
  directories: ReadonlyMap<string, string>,
): Promise<SentInput> {
  const isLent = directories.size > 0 || flags.list('secret').length > 0 || flags.list('ssh').length > 0
  if (isLent) return inSession(context, build, flags, directories)
  const { dockerfile, directory } = build
  if (!directory) return alone(archived(build))
  const otherwise = () => inSession(context, build, flags, directories)
  return alone({ query: { dockerfile, remote: inOnePiece }, body: () => smallContext(directory), otherwise })
}

const alone = (sent: Omit<SentInput, keyof AsyncDisposable>): SentInput => ({
  ...sent,
  [Symbol.asyncDispose]: async () => undefined,
})

const archived = ({ archive, dockerfile, remote }: BuildContext): Pick<SentInput, 'query' | 'body'> => ({
  query: { dockerfile, ...(remote !== undefined && { remote }) },
  ...(archive && { body: archive }),
})

/** The engine asks for what it needs: files, secrets, agents. */
async function inSession(
  { client, env }: CommandContext,
  build: BuildContext,
  flags: Flags,
  directories: ReadonlyMap<string, string>,
): Promise<SentInput> {
  const { parseSecrets, secretValue } = await import('./secrets.ts')
  const { openSession } = await import('./session.ts')
  const { parseAgents } = await import('./ssh/agents.ts')
  const { dockerfile, directory } = build
  const secrets = await parseSecrets(flags.list('secret'), env)
  const agents = await parseAgents(flags.list('ssh'), env)
  const session = await openSession(client, {
    root: directory?.root ?? null,
    texts: directory?.texts ?? new Map(),
    directories,
    secret: async (id) => {
      const place = secrets.get(id)
      return place ? secretValue(place, env) : null
    },
    agent: (id) => agents.get(id) ?? null,
  })
  const sent = directory ? { query: { dockerfile, remote: 'client-session' } } : archived(build)
  return {
    ...sent,
    query: { ...sent.query, session: session.id },
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  }
}
