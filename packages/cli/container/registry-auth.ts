/** Credentials for registries: from config.json or from the credential helpers it names. */
import { execFile } from 'node:child_process'
import type { ConfigFile } from '@gantry/client'

interface Credentials {
  username?: string
  password?: string
  identitytoken?: string
  registrytoken?: string
  serveraddress: string
}

/** How config.json calls Docker's own registry. */
const dockerHub = 'https://index.docker.io/v1/'

/** The value of X-Registry-Auth for the registry of an image; credentials that are not there make an empty one. */
export async function registryAuth(config: ConfigFile, imageName: string): Promise<string> {
  const first = imageName.split('/')[0] ?? ''
  const isHost = imageName.includes('/') && (/[.:]/.test(first) || first === 'localhost')
  const registry = isHost ? first : dockerHub
  const credentials = (await credentialsOf(config, registry)) ?? {}
  return Buffer.from(JSON.stringify(credentials)).toString('base64url')
}

async function credentialsOf(config: ConfigFile, registry: string): Promise<Credentials | undefined> {
  const { credHelpers = {}, credsStore, auths = {} } = config.settings
  const helper = credHelpers[registry] ?? credsStore
  if (helper) return askHelper(helper, registry)
  const entry = Object.entries(auths).find(
    ([name]) => name === registry || hostOf(name) === hostOf(registry),
  )?.[1]
  if (entry === undefined) return undefined
  const [username, ...password] = Buffer.from(entry.auth ?? '', 'base64')
    .toString('utf8')
    .split(':')
  return {
    ...(username && { username, password: password.join(':') }),
    ...(entry.identitytoken && { identitytoken: entry.identitytoken }),
    ...(entry.registrytoken && { registrytoken: entry.registrytoken }),
    serveraddress: registry,
  }
}

const hostOf = (name: string) => name.replace(/^https?:\/\//, '').split('/')[0]

/** Asks `docker-credential-<name> get`; a helper that knows nothing or is not there gives no credentials. */
function askHelper(name: string, registry: string): Promise<Credentials | undefined> {
  return new Promise((resolve) => {
    const child = execFile(`docker-credential-${name}`, ['get'], { timeout: 60_000 }, (error, output) => {
      if (error !== null) return resolve(undefined)
      try {
        const { Username, Secret } = JSON.parse(output) as { Username: string; Secret: string }
        const isToken = Username === '<token>'
        const secret = isToken ? { identitytoken: Secret } : { username: Username, password: Secret }
        resolve({ ...secret, serveraddress: registry })
      } catch {
        resolve(undefined)
      }
    })
    child.stdin?.on('error', () => {})
    child.stdin?.end(registry)
  })
}
