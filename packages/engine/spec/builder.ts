/** Writing specifications: looks up what only the file systems of host and image know, then builds. */
import { hostname } from 'node:os'
import { posix } from 'node:path'
import type { RootFilesystem } from '@gantry/runtime'
import type { ExecSpecRequest, SpecBuilder, SpecRequest } from '../containers/dependencies.ts'
import type { ImageView } from '../containers/image-view.ts'
import { notRunning } from '../containers/state.ts'
import type { AppArmor } from './apparmor.ts'
import { buildSpec } from './build.ts'
import { buildExecProcess } from './exec.ts'
import type { HostFacts } from './host.ts'
import { lookUpDevices } from './host-devices.ts'
import { readLayeredUsers } from './layered-users.ts'
import { changedResources } from './resources.ts'
import { labelsOf, needsDefaultProfile } from './security.ts'
import { resolveUser } from './user.ts'
import { readUserDatabase, type UserDatabase } from './user-database.ts'

export interface SpecBuilderOptions {
  host: HostFacts
  /** Null where AppArmor is off. */
  apparmor: AppArmor | null
  /** Told of the group that a container's group will be made in, before it is. */
  prepareCgroup?: (parent: string) => Promise<void>
  /** Shows a container's file system before its task is made. */
  imageView: Pick<ImageView, 'open'>
}

/** Makes what writes the specifications of containers and execs for this host. */
export function createSpecBuilder({
  host,
  apparmor,
  prepareCgroup,
  imageView,
}: SpecBuilderOptions): SpecBuilder {
  /** Profiles come and go at any time, so the kernel is asked again; ours is put back. */
  async function factsFor({ hostConfig }: ExecSpecRequest['record']): Promise<HostFacts> {
    if (!apparmor) return host
    if (needsDefaultProfile(hostConfig)) await apparmor.ensureDefault()
    return { ...host, apparmorProfiles: await apparmor.profiles() }
  }

  return {
    async container(request: SpecRequest) {
      const { rootfs, ...rest } = request
      const devices = await lookUpDevices(request.record.hostConfig)
      const users = await usersOf(rootfs, imageView)
      const spec = buildSpec({ ...rest, devices, users }, await factsFor(request.record))
      await prepareCgroup?.(posix.dirname(String(spec.linux.cgroupsPath)))
      return spec
    },

    async owner({ record, rootfs }) {
      const pid = pidOf(record)
      const database = pid > 0 ? usersInside(record.id, pid) : await usersOf(rootfs, imageView)
      return resolveUser({ user: record.config.User ?? '', groupAdd: [], database })
    },
    limits: (changes, whole) => changedResources(changes, whole, host),

    async exec({ record, exec, linkVariables }: ExecSpecRequest) {
      const pid = pidOf(record)
      const users = pid > 0 ? usersInside(record.id, pid) : { passwd: [], group: [] }
      const facts = await factsFor(record)
      const hostname = hostnameOf(record)
      return buildExecProcess({ record, exec, users, hostname, linkVariables }, facts)
    },

    labels: (record) => labelsOf(record, host),
  }
}

/** Of its first process; 0 when it does not run. */
function pidOf({ state }: ExecSpecRequest['record']): number {
  return state.status === 'running' || state.status === 'paused' ? state.pid : 0
}

/** Throws Conflict when the process has ended, which may not have been noticed yet. */
function usersInside(id: string, pid: number): UserDatabase {
  try {
    return readUserDatabase(`/proc/${pid}/root`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw notRunning(id)
    throw error
  }
}

/** The name that the container was given at its start. */
function hostnameOf({ id, config, hostConfig }: ExecSpecRequest['record']): string {
  const host = hostConfig.NetworkMode === 'host' || hostConfig.UTSMode === 'host'
  return config.Hostname || (host ? hostname() : id.slice(0, 12))
}

/** What an earlier run has written counts, so its upper directory is the view's top layer. */
async function usersOf(
  { upper, lower }: RootFilesystem,
  imageView: Pick<ImageView, 'open'>,
): Promise<UserDatabase> {
  const known = readLayeredUsers([upper, ...lower])
  if (known) return known
  await using view = await imageView.open([upper, ...lower])
  return readUserDatabase(view.root)
}
