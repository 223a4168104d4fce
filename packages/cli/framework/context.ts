import {
  type Client,
  type ConfigFile,
  configDirectory,
  EngineClient,
  emptyConfigFile,
  readConfigFile,
  resolveEndpoint,
} from '@gantry/client'
import { isKind } from '@gantry/errors'
import type { CommandContext, Flags, Output } from './command.ts'

export const program = 'gantry'

/** Where a command writes. */
export interface Outputs {
  readonly stdout: Output
  readonly stderr: Output
}

/** The world of a real command: the process's own streams and environment. */
export class ProcessContext implements CommandContext {
  readonly program = program
  readonly commandPath: string
  readonly stdout: Output
  readonly stderr: Output
  readonly env = process.env
  readonly #globals: Flags
  #client: Client | undefined
  #config: ConfigFile | undefined

  constructor(commandPath: string, globals: Flags, { stdout, stderr }: Outputs) {
    this.stdout = stdout
    this.stderr = stderr
    this.commandPath = commandPath
    this.#globals = globals
  }

  /** Looked at only when needed: it takes a while to come up. */
  get stdin(): typeof process.stdin {
    return process.stdin
  }

  get config(): ConfigFile {
    this.#config ??= this.#readConfig()
    return this.#config
  }

  /** A file that cannot be read keeps no command from its work, but is not written over either. */
  #readConfig(): ConfigFile {
    const directory = configDirectory(this.env, this.#given('config'))
    try {
      return readConfigFile(directory)
    } catch (error) {
      if (!isKind(error, 'InvalidParameter')) throw error
      this.stderr.write(`WARNING: ${error.message}\n`)
      return emptyConfigFile(directory)
    }
  }

  get client(): Client {
    if (this.#client === undefined) {
      const flags = this.#globals
      const endpoint = resolveEndpoint({
        env: this.env,
        config: this.config,
        hosts: flags.list('host'),
        context: flags.string('context'),
        tls: flags.bool('tls') || flags.bool('tlsverify'),
        ...(flags.changed('tlsverify') && { tlsVerify: flags.bool('tlsverify') }),
        tlsCaCert: this.#given('tlscacert'),
        tlsCert: this.#given('tlscert'),
        tlsKey: this.#given('tlskey'),
      })
      const { DOCKER_API_VERSION: apiVersion } = this.env
      this.#client = new EngineClient({
        endpoint,
        ...(apiVersion && { apiVersion: apiVersion.replace(/^v/, '') }),
        ...(this.config.settings.HttpHeaders && { headers: this.config.settings.HttpHeaders }),
      })
    }
    return this.#client
  }

  /** A global flag's text if the user gave it: its default is only for the help page. */
  #given(name: string): string {
    return this.#globals.changed(name) ? this.#globals.string(name) : ''
  }

  /** Closes what the command has opened. */
  async close(): Promise<void> {
    await this.#client?.[Symbol.asyncDispose]()
  }
}
