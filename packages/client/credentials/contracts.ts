/** Credentials for registries, as the user's configuration keeps them. */

/** What X-Registry-Auth carries (Engine API, AuthConfig with the tokens). */
export interface RegistryCredentials {
  username?: string
  password?: string
  /** A refresh token that stands for the password. */
  identitytoken?: string
  /** A bearer token to be sent as it is. */
  registrytoken?: string
  serveraddress: string
}

/** A place that keeps credentials by server address: config.json itself, or a helper program. */
export interface CredentialStore {
  /** Undefined when it has none. */
  get(server: string): Promise<RegistryCredentials | undefined>
  store(credentials: RegistryCredentials): Promise<void>
  /** Forgets them. Nothing happens when there are none. */
  erase(server: string): Promise<void>
  /** Every server there are credentials for. */
  servers(): Promise<string[]>
  /** The file in which the secrets lie readable; undefined when a helper guards them. */
  readonly file: string | undefined
}
