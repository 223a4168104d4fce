import type { Operations } from '@gantry/api'
import { type ConfigFile, credentialStore, dockerHub, hostOf, type RegistryCredentials } from '@gantry/client'
import { isKind, messageOf } from '@gantry/errors'
import type { CommandContext, Flags } from '../../framework/command.ts'
import { writeNote } from '../../streams/note.ts'
import { Prompt } from '../../streams/prompt.ts'

interface Given {
  server: string
  username: string
  password: string
}

/** `login`: shows credentials to a registry, by way of the engine, and keeps those it takes. */
export async function login(
  context: CommandContext,
  [server = '']: readonly string[],
  flags: Flags,
): Promise<void> {
  const given = {
    server: server === '' || server === 'docker.io' ? dockerHub : server,
    ...(await credentialsGiven(context, flags)),
  }
  const stored =
    given.username === '' && given.password === '' ? await storedFor(context, given.server) : undefined
  const status =
    (stored && (await loginWithStored(context, stored))) ?? (await loginWithAsked(context, given, stored))
  if (status !== '') context.stdout.write(`${status}\n`)
}

async function credentialsGiven(
  { stdin, stderr }: CommandContext,
  flags: Flags,
): Promise<Pick<Given, 'username' | 'password'>> {
  const [username, password] = [flags.string('username'), flags.string('password')]
  const fromStdin = flags.bool('password-stdin')
  if (flags.changed('password') && fromStdin)
    throw new Error('conflicting options: cannot specify both --password and --password-stdin')
  if (password !== '')
    stderr.write('WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n')
  if (!fromStdin) return { username, password }
  if (username === '') throw new Error('the --password-stdin option requires --username to be set')
  const chunks: Buffer[] = []
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk))
  return { username, password: Buffer.concat(chunks).toString('utf8').replace(/\n$/, '').replace(/\r$/, '') }
}

async function storedFor(
  { config }: CommandContext,
  server: string,
): Promise<RegistryCredentials | undefined> {
  const address = addressOf(server)
  const found = await credentialStore(config, address)
    .get(address)
    .catch(() => undefined)
  return found && { ...found, serveraddress: address }
}

/** The name under which credentials are kept. */
const addressOf = (server: string): string => (server === dockerHub ? server : hostOf(server))

/** The registry's answer; undefined when there is no password to try, or it is not good any more. */
async function loginWithStored(
  context: CommandContext,
  stored: RegistryCredentials,
): Promise<string | undefined> {
  const { username, password } = stored
  if (!username || !password) return undefined
  const { stderr, program } = context
  stderr.write(`Authenticating with existing credentials... [Username: ${username}]\n`)
  writeNote(
    stderr,
    `To login with a different account, run '${program} logout' followed by '${program} login'`,
  )
  stderr.write('\n\n')
  try {
    return await loginAndKeep(context, { username, password, serveraddress: stored.serveraddress })
  } catch (error) {
    const isRefused = isKind(error, 'Unauthorized')
    stderr.write(
      isRefused
        ? 'Stored credentials invalid or expired\n'
        : `Login did not succeed, error: ${messageOf(error)}\n`,
    )
    return undefined
  }
}

async function loginWithAsked(
  context: CommandContext,
  { server, username, password }: Given,
  stored: RegistryCredentials | undefined,
): Promise<string> {
  const isComplete = username.trim() !== '' && password.trim() !== ''
  if (!isComplete && !context.stdin.isTTY)
    throw new Error('Error: Cannot perform an interactive login from a non TTY device')
  const asked = isComplete
    ? { username: username.trim(), password: password.trim() }
    : await askFor(context, { server, username, password }, stored?.username ?? '')
  return loginAndKeep(context, { ...asked, serveraddress: addressOf(server) })
}

async function askFor(
  context: CommandContext,
  { server, username, password }: Given,
  usual: string,
): Promise<Pick<Given, 'username' | 'password'>> {
  using prompt = new Prompt(context)
  const isHub = server === dockerHub
  let name = username.trim()
  if (name === '') {
    if (isHub) context.stdout.write(`${hubAdvice}\n`)
    name = (await prompt.ask(usual === '' ? 'Username: ' : `Username (${usual}): `)) || usual
    if (name === '') throw new Error('Error: Non-null Username Required')
  }
  if (password.trim() !== '') return { username: name, password: password.trim() }
  if (isHub) writeNote(context.stderr, tokenAdvice)
  const secret = await prompt.askSecret('Password: ')
  if (secret === '') throw new Error('Error: Password Required')
  return { username: name, password: secret }
}

const hubAdvice =
  "Log in with your Docker ID or email address to push and pull images from Docker Hub. If you don't have a Docker ID, head over to https://hub.docker.com/ to create one."
const tokenAdvice =
  'A Personal Access Token (PAT) can be used instead.\nTo create a PAT, visit https://app.docker.com/settings\n\n'

async function loginAndKeep(context: CommandContext, credentials: RegistryCredentials): Promise<string> {
  const answer: Operations['SystemAuth']['answer'] = await context.client.call('SystemAuth', {
    body: credentials,
  })
  const identitytoken = answer.IdentityToken ?? ''
  const kept = identitytoken === '' ? credentials : { ...credentials, password: '', identitytoken }
  await keep(context, context.config, kept)
  return answer.Status
}

async function keep(
  { stderr }: CommandContext,
  config: ConfigFile,
  credentials: RegistryCredentials,
): Promise<void> {
  const store = credentialStore(config, credentials.serveraddress)
  const known = await store.get(credentials.serveraddress).catch(() => undefined)
  try {
    await store.store(credentials)
  } catch (error) {
    throw new Error(`Error saving credentials: ${messageOf(error)}`, { cause: error })
  }
  const isNew = known?.password !== credentials.password || known?.username !== credentials.username
  if (store.file !== undefined && credentials.password && isNew) stderr.write(unencryptedWarning(store.file))
}

const unencryptedWarning = (file: string): string => `
WARNING! Your credentials are stored unencrypted in '${file}'.
Configure a credential helper to remove this warning. See
https://docs.docker.com/go/credential-store/

`
