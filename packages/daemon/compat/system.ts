/** The engine's description of itself as older API versions show it. */
import type { Commit, SystemInfo, SystemVersion } from '@gantry/api'
import type { ApiVersion } from '../http/version.ts'

/** `GET /version`. */
export function versionFor(version: ApiVersion, info: SystemVersion): object {
  if (version >= 35) return info
  const { Components: _components, Platform: _platform, ...older } = info
  return older
}

/** `GET /info`. */
export function infoFor(version: ApiVersion, info: SystemInfo): object {
  let shown: Record<string, unknown> = { ...info }
  if (version < 50) shown = { BridgeNfIptables: false, BridgeNfIp6tables: false, ...shown }
  if (version < 49) {
    delete shown.FirewallBackend
    for (const name of ['ContainerdCommit', 'RuncCommit', 'InitCommit'] as const)
      shown[name] = withExpected(info[name])
    shown.RegistryConfig = {
      AllowNondistributableArtifactsCIDRs: version < 48 ? [] : null,
      AllowNondistributableArtifactsHostnames: version < 48 ? [] : null,
      ...info.RegistryConfig,
    }
  }
  if (version < 44) {
    shown.Runtimes = withoutStatus(info.Runtimes ?? {})
    delete shown.CDISpecDirs
  }
  if (version < 42) shown = { KernelMemory: false, KernelMemoryTCP: false, ...shown }
  if (version < 39) {
    shown.KernelVersion = info.KernelVersion || '<unknown>'
    shown.OperatingSystem = info.OperatingSystem || '<unknown>'
  }
  if (version < 25) shown.SecurityOptions = (info.SecurityOptions ?? []).map(optionName)
  return shown
}

function withExpected(commit: Commit | undefined): object {
  return { ID: commit?.ID ?? '', Expected: commit?.ID ?? '' }
}

function withoutStatus(runtimes: NonNullable<SystemInfo['Runtimes']>): SystemInfo['Runtimes'] {
  return Object.fromEntries(
    Object.entries(runtimes).map(([name, { path, runtimeArgs }]) => [
      name,
      { path, ...(runtimeArgs ? { runtimeArgs } : {}) },
    ]),
  )
}

/** `name=seccomp,profile=builtin` was just `seccomp` once. */
function optionName(option: string): string {
  return /^name=([^,]+)/.exec(option)?.[1] ?? option
}
