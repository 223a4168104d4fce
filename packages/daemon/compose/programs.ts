import { join } from 'node:path'
import type { ProgramVersion } from '@gantry/engine'
import { GantryError } from '@gantry/errors'
import { type ProbedProgram, probeRuntimes, type RuntimeProgram } from '@gantry/runtime'
import type { CgroupLayout } from '@gantry/syscall'
import type { DaemonConfig } from '../config/config.ts'
import type { Logger } from '../log.ts'

/** The programs that containers are run with. */
export interface Programs {
  conmon: ProbedProgram
  runtimes: RuntimeProgram[]
  init: ProbedProgram | null
  /** The runtime of containers that name none, as the configuration says now. */
  defaultRuntime(): string
  versions: ProgramVersion[]
}

export interface ProgramsRequest {
  config: DaemonConfig
  cgroups: CgroupLayout
  cgroupParent: string
  log: Logger
}

/** Finds them on this host. Rejects with Unavailable naming what is missing, InvalidParameter for a configured one. */
export async function findPrograms({
  config,
  cgroups,
  cgroupParent,
  log,
}: ProgramsRequest): Promise<Programs> {
  const probed = await probeRuntimes({
    cgroups,
    cgroupParent,
    scratch: join(config.execRoot, 'probe'),
    runtimes: Object.fromEntries(Object.entries(config.runtimes).map(([name, { path }]) => [name, path])),
  })
  for (const warning of probed.warnings) log.warn(warning)
  const names = probed.runtimes.map(({ name }) => name)
  const wanted = config.live.defaultRuntime
  if (wanted !== undefined && !names.includes(wanted))
    throw new GantryError(
      'InvalidParameter',
      `specified default runtime '${wanted}' cannot be used on this host`,
    )
  const init = config.initPath === undefined ? probed.init : { path: config.initPath, version: '' }
  return {
    conmon: probed.conmon,
    runtimes: probed.runtimes,
    init,
    defaultRuntime: () => names.find((name) => name === config.live.defaultRuntime) ?? probed.preferred,
    versions: versionsOf(probed.conmon, probed.runtimes, init),
  }
}

function versionsOf(
  conmon: ProbedProgram,
  runtimes: RuntimeProgram[],
  init: ProbedProgram | null,
): ProgramVersion[] {
  return [
    ...runtimes.map(({ name, version }) => ({ name, version })),
    { name: 'conmon', version: conmon.version },
    ...(init ? [{ name: init.path.slice(init.path.lastIndexOf('/') + 1), version: init.version }] : []),
  ]
}
