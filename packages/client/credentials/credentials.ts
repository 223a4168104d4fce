/** Which store has a registry's credentials, and the headers that carry them to an engine. */
import type { ConfigFile } from '../config-file.ts'
import type { CredentialStore, RegistryCredentials } from './contracts.ts'
import { fileStore, markServer } from './file-store.ts'
import { helperStore } from './helper-store.ts'
import { hostOf, serverOfImage } from './server-address.ts'

/** The store that config.json names for a server: its own helper, the general one, or the file itself. */
export function credentialStore(config: ConfigFile, server: string): CredentialStore {
  const { credHelpers = {}, credsStore } = config.settings
  const helper = credHelpers[hostOf(server)] ?? credHelpers[server] ?? credsStore
  return helper ? helpedStore(config, helper) : fileStore(config)
}

/** A helper keeps the secret, config.json which servers there are secrets for. */
function helpedStore(config: ConfigFile, helper: string): CredentialStore {
  const secrets = helperStore(helper)
  const file = fileStore(config)
  return {
    ...secrets,
    store: async (credentials) => {
      await secrets.store(credentials)
      await markServer(config, credentials.serveraddress)
    },
    erase: async (server) => {
      await secrets.erase(server)
      await file.erase(server)
    },
  }
}

/**
 * The value of X-Registry-Auth for an image's registry: for requests that pull or push. Nothing stored, or a helper that
 * fails, makes an anonymous request, as with Docker.
 */
export async function registryAuth(config: ConfigFile, imageName: string): Promise<string> {
  const server = serverOfImage(imageName)
  const found = await credentialStore(config, server)
    .get(server)
    .catch(() => undefined)
  return encodeHeader(found ?? {})
}

/** The value of X-Registry-Config, with every credential there is: for builds, which may pull from anywhere. */
export async function registryConfig(config: ConfigFile): Promise<string> {
  const all: Record<string, RegistryCredentials> = {}
  for (const server of await knownServers(config)) {
    const found = await credentialStore(config, server)
      .get(server)
      .catch(() => undefined)
    if (found) all[server] = found
  }
  return encodeHeader(all)
}

async function knownServers(config: ConfigFile): Promise<string[]> {
  const { auths = {}, credHelpers = {}, credsStore } = config.settings
  const stored = credsStore
    ? await helperStore(credsStore)
        .servers()
        .catch(() => [])
    : []
  return [...new Set([...Object.keys(auths), ...Object.keys(credHelpers), ...stored])]
}

/** base64url with padding, which older engines want. */
function encodeHeader(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64').replaceAll('+', '-').replaceAll('/', '_')
}
