/** How the input of a build gets to the engine: in a session, or as an archive. */
import type { Readable } from 'node:stream'
import type { CommandContext, Flags } from '../framework/command.ts'
import type { BuildContext } from './context-archive.ts'
import { parseSecrets, secretValue } from './secrets.ts'
import { openSession } from './session.ts'
import { parseAgents } from './ssh/agents.ts'

export interface SentInput extends AsyncDisposable {
  query: Record<string, string>
  /** An archive of the context. */
  body?: Readable
}

/** `directories` are named contexts. Rejects with Error when a secret or an agent is not there. */
export async function sendInput(
  { client, env }: CommandContext,
  { archive, dockerfile, remote, directory }: BuildContext,
  flags: Flags,
  directories: ReadonlyMap<string, string>,
): Promise<SentInput> {
  const secrets = await parseSecrets(flags.list('secret'), env)
  const agents = await parseAgents(flags.list('ssh'), env)
  const archived = { query: { dockerfile, ...(remote !== undefined && { remote }) }, body: archive }
  if (!directory && secrets.size === 0 && agents.size === 0 && directories.size === 0)
    return { ...archived, [Symbol.asyncDispose]: async () => undefined }
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
  const close = () => session[Symbol.asyncDispose]()
  if (!directory)
    return { ...archived, query: { ...archived.query, session: session.id }, [Symbol.asyncDispose]: close }
  const [name = 'Dockerfile'] = directory.texts.keys()
  return {
    query: { dockerfile: name, remote: 'client-session', session: session.id },
    [Symbol.asyncDispose]: close,
  }
}
