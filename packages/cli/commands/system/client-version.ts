/** What `version` and `info` say of the command line itself. */
import { newestVersion } from '@gantry/client'
import type { CommandContext } from '../../framework/command.ts'
import { version } from '../../version.ts'

/** Named as Docker names them; what only Docker has stays empty. */
export interface ClientVersion {
  Version: string
  ApiVersion?: string
  DefaultAPIVersion: string
  GitCommit: string
  GoVersion: string
  Os: string
  Arch: string
  BuildTime: string
  Context: string
}

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', arm64: 'arm64' }

/** `apiVersion` is the one spoken with the engine, where that is known. */
export function clientVersion({ config, env }: CommandContext, apiVersion?: string): ClientVersion {
  return {
    Version: version,
    ...(apiVersion && { ApiVersion: apiVersion }),
    DefaultAPIVersion: newestVersion,
    GitCommit: '',
    GoVersion: '',
    Os: process.platform,
    Arch: architectures[process.arch] ?? process.arch,
    BuildTime: '',
    Context: contextName(config.settings.currentContext, env),
  }
}

/** A host given by itself is the context `default`. */
function contextName(configured: string | undefined, env: CommandContext['env']): string {
  if (env.DOCKER_CONTEXT) return env.DOCKER_CONTEXT
  return env.DOCKER_HOST ? 'default' : configured || 'default'
}
