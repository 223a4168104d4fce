/** The user namespace of a step, on a daemon whose containers have other user ids in the host. */
import { chmod, chown } from 'node:fs/promises'
import { GantryError } from '@gantry/errors'
import {
  createNetworkNamespaceIn,
  createUserNamespace,
  type IdMap,
  type IdMapping,
  outsideId,
  releaseNamespace,
  rootOf,
} from '@gantry/syscall'

export class StepUsers {
  /** A file of the namespace. */
  readonly path: string
  readonly mapping: IdMapping
  readonly idMap: IdMap
  readonly #own: boolean

  /** A namespace of the step's own at `path`, which is made with its network; or, with `joined`, one that is there. */
  constructor(mapping: IdMapping, path: string, joined: boolean) {
    this.path = path
    this.mapping = mapping
    this.idMap = { namespace: path, root: rootOf(mapping) }
    this.#own = !joined
  }

  /** Makes the network namespace in which its root rules, and it, if new. Throws SystemCallError. */
  makeNetwork(network: string): void {
    if (this.#own) createUserNamespace(this.mapping, { user: this.path, network })
    else createNetworkNamespaceIn(this.path, network)
  }

  /** Idempotent. */
  release(): void {
    if (this.#own) releaseNamespace(this.path)
  }
}

/** Lets the root of remapped steps through a directory of ours, which it may not list. */
export async function letThrough(directory: string, users: StepUsers | null): Promise<void> {
  if (!users) return
  await chmod(directory, 0o710)
  await chown(directory, 0, users.idMap.root.gid)
}

/** What a step's ids are in the host. Throws InvalidParameter for one that the mapping has not. */
export function hostOwner(
  { uid, gid }: { uid: number; gid: number },
  users: StepUsers | null,
): { uid: number; gid: number } {
  if (!users) return { uid, gid }
  const outside = { uid: outsideId(uid, users.mapping.uids), gid: outsideId(gid, users.mapping.gids) }
  if (outside.uid === null || outside.gid === null)
    throw new GantryError(
      'InvalidParameter',
      `the ids ${uid}:${gid} are not among those of the user namespace`,
    )
  return { uid: outside.uid, gid: outside.gid }
}
