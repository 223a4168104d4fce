/** Programs `docker-credential-<name>` that keep credentials: the protocol of docker-credential-helpers. */
import type { ChildProcess } from 'node:child_process'
import { GantryError } from '@gantry/errors'
import type { CredentialStore, RegistryCredentials } from './contracts.ts'

/** Milliseconds: the user may have to unlock a key ring. */
const timeout = 120_000
const largestOutput = 1 << 20

/** The user name with which a helper keeps an identity token. */
const tokenUser = '<token>'
const unknown = 'credentials not found in native keychain'

/** Asks `docker-credential-<name>`. Rejects when the helper is not there, fails, or answers something else. */
export function helperStore(name: string): CredentialStore {
  return {
    file: undefined,
    get: async (server) => {
      const answer = await call(name, 'get', server)
      return answer === undefined ? undefined : credentialsOf(parse(name, answer), server)
    },
    store: async ({ serveraddress, username = '', password = '', identitytoken }) => {
      const kept = identitytoken
        ? { Username: tokenUser, Secret: identitytoken }
        : { Username: username, Secret: password }
      await call(name, 'store', JSON.stringify({ ServerURL: serveraddress, ...kept }))
    },
    erase: async (server) => void (await call(name, 'erase', server)),
    servers: async () => Object.keys(parse(name, (await call(name, 'list', '')) ?? '{}')),
  }
}

function credentialsOf(answer: Record<string, unknown>, serveraddress: string): RegistryCredentials {
  const { Username: username, Secret: secret } = answer
  if (typeof username !== 'string' || typeof secret !== 'string') return { serveraddress }
  if (username === tokenUser) return { identitytoken: secret, serveraddress }
  return { username, password: secret, serveraddress }
}

function parse(name: string, output: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(output)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // said below, without the output: it may hold a secret
  }
  throw new GantryError('System', `docker-credential-${name}: the answer is not a JSON object`)
}

/** What the helper prints; undefined when it says that it has no such credentials. */
async function call(name: string, action: string, input: string): Promise<string | undefined> {
  const { execFile } = await import('node:child_process')
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>()
  const program = `docker-credential-${name}`
  const child: ChildProcess = execFile(
    program,
    [action],
    { timeout, maxBuffer: largestOutput },
    (error, output) => {
      const said = output.trim()
      if (error === null) resolve(output)
      else if (said === unknown) resolve(undefined)
      else reject(failure(program, action, error, said))
    },
  )
  child.stderr?.on('data', (text: string) => process.stderr.write(text))
  child.stdin?.on('error', () => {}) // a helper may end without reading
  child.stdin?.end(input)
  return promise
}

function failure(
  program: string,
  action: string,
  error: Error & { code?: unknown },
  said: string,
): GantryError {
  const doing = { get: 'getting', store: 'storing', erase: 'erasing', list: 'listing' }[action]
  const why =
    error.code === 'ENOENT'
      ? `exec: "${program}": executable file not found in $PATH`
      : `exit status ${String(error.code ?? 'unknown')}`
  return new GantryError('System', `error ${doing} credentials - err: ${why}, out: \`${said}\``, {
    cause: error,
  })
}
