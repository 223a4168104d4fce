import type { SystemVersion } from '@gantry/api'
import type { HostFacts } from './facts.ts'
import type { ProgramVersion, SystemSettings } from './settings.ts'

/** Go's names for what uname(2) calls a machine. */
const architectures: Record<string, string> = {
  x86_64: 'amd64',
  aarch64: 'arm64',
  armv7l: 'arm',
  i686: '386',
}

/** `GET /version`. `runtime` is what executes the engine, e.g. `v26.10.0` of Node. */
export function toSystemVersion(
  facts: HostFacts,
  settings: SystemSettings,
  programs: ProgramVersion[],
  runtime: string,
): SystemVersion {
  const engine = {
    ApiVersion: settings.apiVersion,
    MinAPIVersion: settings.minApiVersion,
    GitCommit: settings.gitCommit,
    // Clients print it beside the words "Go version"; the engine runs on another language's.
    GoVersion: runtime.replace(/^v/, 'node'),
    Os: 'linux',
    Arch: architectures[facts.machine] ?? facts.machine,
    KernelVersion: facts.kernelVersion,
    BuildTime: settings.buildTime,
  }
  return {
    Platform: { Name: 'Gantry' },
    Components: [
      {
        Name: 'Engine',
        Version: settings.version,
        Details: { ...engine, Experimental: String(settings.experimental) },
      },
      ...programs.map(({ name, version, commit }) => ({
        Name: name,
        Version: version,
        Details: { GitCommit: commit ?? '' },
      })),
    ],
    Version: settings.version,
    ...engine,
    ...(settings.experimental && { Experimental: true }),
  }
}
