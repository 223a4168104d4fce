import { readlinkSync } from 'node:fs'
import { chmod, chown, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { HostConfig } from '@gantry/api'
import { GantryError } from '@gantry/errors'
import {
  createNetworkNamespaceIn,
  createUserNamespace,
  type IdMap,
  type IdMapping,
  releaseNamespace,
  rootOf,
} from '@gantry/syscall'
import type { Container } from './container.ts'
import type { ContainerDependencies } from './dependencies.ts'
import { containerFiles } from './paths.ts'
import type { Registry } from './registry.ts'
import { runningPid } from './sharing.ts'
import { sharedContainer } from './validate-modes.ts'

/** The user namespace of a starting container. */
export interface UserPlace {
  /** A file of it. */
  path: string
  mapping: IdMapping
  idMap: IdMap
  /** Makes the network namespace in which its root rules, and it, if new; absent where another container's is joined. */
  make?: (networkPath: string) => void
}

/** Whether the container's user ids are others in the host. */
export function isRemapped({ UsernsMode }: HostConfig, remap: IdMapping | null): remap is IdMapping {
  return remap !== null && UsernsMode !== 'host'
}

/** Gives starting containers of a remapping daemon their user namespaces. */
export class UserNamespaces {
  readonly #deps: Pick<ContainerDependencies, 'paths' | 'remap'>
  readonly #registry: Registry

  constructor(deps: Pick<ContainerDependencies, 'paths' | 'remap'>, registry: Registry) {
    this.#deps = deps
    this.#registry = registry
  }

  /** Null for a container whose users are the host's. Throws InvalidParameter for namespaces that do not go together. */
  place(container: Container): UserPlace | null {
    const { remap } = this.#deps
    const { hostConfig } = container.record
    if (!isRemapped(hostConfig, remap)) return null
    const donors = this.#donors(hostConfig)
    const path = donors[0] ? userPath(donors[0]) : this.#path(container.id)
    if (donors.length > 0) requireSame(donors)
    const place = { path, mapping: remap, idMap: { namespace: path, root: rootOf(remap) } }
    if (sharedContainer(hostConfig.NetworkMode)) return place
    return {
      ...place,
      make: (networkPath) =>
        donors.length > 0
          ? createNetworkNamespaceIn(path, networkPath)
          : createUserNamespace(remap, { user: path, network: networkPath }),
    }
  }

  #donors(hostConfig: HostConfig): Container[] {
    const references = [hostConfig.NetworkMode, hostConfig.PidMode, hostConfig.IpcMode].map(sharedContainer)
    return references
      .filter((reference) => reference !== null)
      .map((reference) => this.#registry.find(reference))
  }

  /** The files that a container shows in its /etc belong to its root, which may pass through their directory. */
  async own(place: UserPlace | null, { id }: Pick<Container, 'id'>): Promise<void> {
    if (!place?.make) return // they are another container's
    const { uid, gid } = place.idMap.root
    const directory = join(this.#deps.paths.containers, id)
    await chmod(directory, 0o710)
    await chown(directory, 0, gid)
    const files = Object.values(containerFiles(this.#deps.paths.containers, id))
    await Promise.all(files.map((file) => chown(file, uid, gid)))
  }

  /** A namespace without a network of its own, for a process beside a container. Undone by `release`. */
  make(id: string): string {
    if (!this.#deps.remap) throw new Error('user ids are not remapped')
    createUserNamespace(this.#deps.remap, { user: this.#path(id) })
    return this.#path(id)
  }

  /** Idempotent. */
  release({ id }: Pick<Container, 'id'>): void {
    releaseNamespace(this.#path(id))
  }

  /** Removes those of containers that are not known. */
  async clean(): Promise<void> {
    const known = new Set(this.#registry.all().map(({ id }) => id))
    for (const id of await readdir(this.#deps.paths.userNamespaces).catch(() => []))
      if (!known.has(id)) this.release({ id })
  }

  #path(id: string): string {
    return join(this.#deps.paths.userNamespaces, id)
  }
}

function userPath(donor: Container): string {
  return `/proc/${runningPid(donor)}/ns/user`
}

/** Whoever joins a namespace is in the user namespace whose root it obeys; and it can be in one only. */
function requireSame(donors: Container[]): void {
  const own = readlinkSync('/proc/self/ns/user')
  const users = donors.map((donor) => readlinkSync(userPath(donor)))
  for (const [index, donor] of donors.entries()) {
    if (users[index] !== own && users[index] === users[0]) continue
    const message =
      users[index] === own
        ? `cannot join namespaces of container ${donor.id}, whose users are the host's: use --userns=host`
        : `cannot join namespaces of container ${donors[0]?.id} and of container ${donor.id}, which is in another user namespace`
    throw new GantryError('InvalidParameter', message)
  }
}
