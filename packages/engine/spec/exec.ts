/** The OCI process of an exec: the container's own surroundings, with what the exec changes. No I/O in here. */
import { posix } from 'node:path'
import type { OciProcess } from '@gantry/runtime'
import type { ExecSpecRequest } from '../containers/dependencies.ts'
import { capabilitySets, containerCapabilities } from './capabilities.ts'
import { environment } from './environment.ts'
import type { HostFacts } from './host.ts'
import { rlimits } from './limits.ts'
import { confinement } from './security.ts'
import { isHomeless, resolveUser } from './user.ts'
import type { UserDatabase } from './user-database.ts'

export interface ExecInput extends Pick<ExecSpecRequest, 'record' | 'exec' | 'linkVariables'> {
  users: UserDatabase
  hostname: string
}

/** Throws InvalidParameter in Docker's words. */
export function buildExecProcess(
  { record, exec, users, hostname, linkVariables }: ExecInput,
  host: HostFacts,
): OciProcess {
  const { config, hostConfig } = record
  const capabilities = containerCapabilities(exec.privileged ? { Privileged: true } : hostConfig, host)
  const confined = confinement(record, host, capabilities)
  const user = resolveUser({
    user: exec.user || config.User || '',
    groupAdd: hostConfig.GroupAdd ?? [],
    database: users,
  })
  const limits = rlimits(hostConfig.Ulimits ?? [], host.ulimits)
  const apparmorProfile =
    exec.privileged && confined.apparmorProfile ? 'unconfined' : confined.apparmorProfile
  return {
    ...(exec.tty && { terminal: true }),
    user,
    args: exec.cmd,
    env: environment({
      hostname,
      terminal: exec.tty ?? false,
      layers: [linkVariables, config.Env, exec.env],
      homeless: isHomeless(user.uid, users),
    }),
    cwd: posix.normalize(exec.workingDir || config.WorkingDir || '/'),
    capabilities: capabilitySets(capabilities, user.uid),
    ...(limits.length > 0 && { rlimits: limits }),
    ...(confined.noNewPrivileges && { noNewPrivileges: true }),
    oomScoreAdj: hostConfig.OomScoreAdj ?? 0,
    ...(apparmorProfile && { apparmorProfile }),
    ...(confined.selinux?.process && { selinuxLabel: confined.selinux.process }),
  }
}
