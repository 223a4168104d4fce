/** Which user a process runs as: `--user`, `--group-add`, and what the container's user database makes of them. */
import { GantryError } from '@gantry/errors'
import type { OciProcess } from '@gantry/runtime'
import type { UserDatabase } from './user-database.ts'

const maximumId = 2 ** 31 - 1
const invalid = (message: string) => new GantryError('InvalidParameter', message)

export interface UserRequest {
  /** `user[:group]`, each by name or number; empty for root. */
  user: string
  /** HostConfig.GroupAdd. */
  groupAdd: readonly string[]
  database: UserDatabase
}

/**
 * The ids of a process. Its groups hold the primary one (CVE-2022-36109), and those that list the user unless a group
 * was named. Throws InvalidParameter for a name that is not there and a number outside the range (CVE-2024-40635).
 */
export function resolveUser({ user, groupAdd, database }: UserRequest): OciProcess['user'] {
  const [userPart = '', groupPart = ''] = user.split(':', 2)
  const entry = findUser(userPart, database)
  const gid = groupPart === '' ? entry.gid : findGroup(groupPart, database)
  const listed = groupPart === '' ? memberships(entry.name, database) : []
  const added = groupAdd.map((group) => additionalGroup(group, database))
  for (const id of [entry.uid, gid, ...listed, ...added]) checkRange(id)
  return { uid: entry.uid, gid, additionalGids: [...new Set([gid, ...listed, ...added])] }
}

function checkRange(id: number): void {
  if (!Number.isSafeInteger(id) || id < 0 || id > maximumId) {
    throw invalid(`uids and gids must be in range 0-${maximumId}`)
  }
}

/** A number need not be in the database; then its group is root's. */
function findUser(user: string, { passwd }: UserDatabase): { name: string | null; uid: number; gid: number } {
  if (user === '') return passwd.find(({ uid }) => uid === 0) ?? { name: null, uid: 0, gid: 0 }
  const byName = passwd.find(({ name }) => name === user)
  if (byName) return byName
  if (!/^-?\d+$/.test(user)) throw invalid(`unable to find user ${user}: no matching entries in passwd file`)
  const uid = Number(user)
  checkRange(uid)
  return passwd.find((entry) => entry.uid === uid) ?? { name: null, uid, gid: 0 }
}

function findGroup(group: string, { group: groups }: UserDatabase): number {
  const byName = groups.find(({ name }) => name === group)
  if (byName) return byName.gid
  if (!/^-?\d+$/.test(group))
    throw invalid(`unable to find group ${group}: no matching entries in group file`)
  return Number(group)
}

function additionalGroup(group: string, { group: groups }: UserDatabase): number {
  const byName = groups.find(({ name }) => name === group)
  if (byName) return byName.gid
  if (!/^-?\d+$/.test(group))
    throw invalid(`Unable to find group ${group}: no matching entries in group file`)
  return Number(group)
}

function memberships(user: string | null, { group }: UserDatabase): number[] {
  if (user === null) return []
  return group.filter(({ members }) => members.includes(user)).map(({ gid }) => gid)
}

/** Whether the database has no home directory for the user. */
export function isHomeless(uid: number, { passwd }: UserDatabase): boolean {
  return !passwd.some((entry) => entry.uid === uid)
}
