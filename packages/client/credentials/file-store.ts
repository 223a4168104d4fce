import type { ConfigFile, ConfigSettings } from '../config-file.ts'
import type { CredentialStore, RegistryCredentials } from './contracts.ts'
import { hostOf } from './server-address.ts'

type Entry = NonNullable<ConfigSettings['auths']>[string]

/** The `auths` of config.json: user and password in base64, readable for whoever reads the file. */
export function fileStore(config: ConfigFile): CredentialStore {
  return {
    file: config.path,
    servers: async () => Object.keys(config.settings.auths ?? {}),
    get: async (server) => {
      const { auths = {} } = config.settings
      const entry = auths[server] ?? Object.entries(auths).find(([name]) => hostOf(name) === server)?.[1]
      return entry && credentialsOf(entry, server)
    },
    store: (credentials) =>
      update(config, (settings) => {
        settings.auths = { ...settings.auths, [credentials.serveraddress]: entryOf(credentials) }
      }),
    erase: async (server) => {
      if (!Object.hasOwn(config.settings.auths ?? {}, server)) return
      await update(config, (settings) => {
        if (settings.auths) delete settings.auths[server]
      })
    },
  }
}

/** Leaves the server in `auths`, without a secret: the mark that a helper has one. */
export async function markServer(config: ConfigFile, server: string): Promise<void> {
  await update(config, (settings) => {
    settings.auths = { ...settings.auths, [server]: {} }
  })
}

/** Most commands only read: what writes is loaded when it is needed. */
async function update(config: ConfigFile, change: (settings: ConfigSettings) => void): Promise<void> {
  const { updateConfigFile } = await import('../config-update.ts')
  updateConfigFile(config, change)
}

function credentialsOf(entry: Entry, serveraddress: string): RegistryCredentials {
  const [username = '', ...password] = Buffer.from(entry.auth ?? '', 'base64')
    .toString('utf8')
    .split(':')
  return {
    ...(username && { username }),
    // Some versions of Docker's command have ended the password with zero bytes.
    ...(username && { password: password.join(':').replace(/\0+$/, '') }),
    ...(entry.identitytoken && { identitytoken: entry.identitytoken }),
    ...(entry.registrytoken && { registrytoken: entry.registrytoken }),
    serveraddress,
  }
}

function entryOf({ username = '', password = '', identitytoken, registrytoken }: RegistryCredentials): Entry {
  return {
    ...((username || password) && { auth: Buffer.from(`${username}:${password}`).toString('base64') }),
    ...(identitytoken && { identitytoken }),
    ...(registrytoken && { registrytoken }),
  }
}
