/** `--userns-remap`: whose subordinate ids containers get, in the words of dockerd. */
import { readFile, rename, stat, writeFile } from 'node:fs/promises'
import { GantryError, messageOf } from '@gantry/errors'
import type { IdMapping, IdRange } from '@gantry/syscall'

/** The files of passwd(5), group(5), subuid(5) and subgid(5). */
export interface AccountFiles {
  passwd: string
  group: string
  subuid: string
  subgid: string
}

const hostAccounts: AccountFiles = {
  passwd: '/etc/passwd',
  group: '/etc/group',
  subuid: '/etc/subuid',
  subgid: '/etc/subgid',
}

/** The user that stands behind `default`; as with Docker, it gets subordinate ids when it has none. */
const defaultUser = 'dockremap'
const defaultLength = 65536
/** The first id that is given to it on a host without any, as useradd(8) would. */
const firstSubordinate = 100_000

interface Account {
  name: string
  id: number
}

/**
 * Reads `default`, `user`, `user:group`, `uid` or `uid:gid`. Null when nothing is to be remapped: the user is root.
 * Rejects with InvalidParameter for accounts that are not there or have no ids to give.
 */
export async function resolveRemap(spec: string, files = hostAccounts): Promise<IdMapping | null> {
  const parts = spec.split(':')
  if (parts.length > 2 || parts[0] === '')
    throw invalid(`Invalid user/group specification in --userns-remap: ${JSON.stringify(spec)}`)
  const [user = '', group] = parts
  if (user === 'default' && group === undefined) return await defaultMapping(files)
  const passwd = await accounts(files.passwd)
  const groups = await accounts(files.group)
  const found = findUser(user, passwd)
  const owner = findGroup(group ?? (/^\d+$/.test(user) ? user : found.name), groups, group !== undefined)
  if (found.name === 'root') return null
  return {
    uids: rangesFor(
      found,
      await subordinates(files.subuid),
      `No subuid ranges found for user "${found.name}"`,
    ),
    gids: rangesFor(
      owner,
      await subordinates(files.subgid),
      `No subgid ranges found for group "${owner.name}"`,
    ),
  }
}

async function defaultMapping(files: AccountFiles): Promise<IdMapping> {
  const owner = { name: defaultUser, id: -1 }
  for (const file of [files.subuid, files.subgid]) await ensureSubordinates(file)
  return {
    uids: rangesFor(owner, await subordinates(files.subuid), 'no subuid ranges'),
    gids: rangesFor(owner, await subordinates(files.subgid), 'no subgid ranges'),
  }
}

function findUser(user: string, passwd: Account[]): Account {
  if (/^\d+$/.test(user)) {
    const found = passwd.find(({ id }) => id === Number(user))
    if (!found) throw invalid(`Uid ${user} has no entry in /etc/passwd`)
    return found
  }
  const found = passwd.find(({ name }) => name === user)
  if (!found) throw invalid(`Error during uid lookup for ${JSON.stringify(user)}: unknown user`)
  return found
}

function findGroup(group: string, groups: Account[], named: boolean): Account {
  if (/^\d+$/.test(group)) {
    const found = groups.find(({ id }) => id === Number(group))
    if (!found) throw invalid(`Gid ${group} has no entry in /etc/group`)
    return found
  }
  const found = groups.find(({ name }) => name === group)
  const what = named ? 'groupname' : 'gid'
  if (!found) throw invalid(`Error during ${what} lookup for ${JSON.stringify(group)}: unknown group`)
  return found
}

/** Names and ids: the first and the third field. */
async function accounts(file: string): Promise<Account[]> {
  return lines(await text(file)).flatMap(([name = '', , id = '']) =>
    /^\d+$/.test(id) ? [{ name, id: Number(id) }] : [],
  )
}

interface Subordinate {
  /** A name or a number. */
  owner: string
  start: number
  length: number
}

async function subordinates(file: string): Promise<Subordinate[]> {
  return lines(await text(file)).map((fields) => {
    const [owner = '', start = '', length = ''] = fields
    if (fields.length !== 3 || !/^\d+$/.test(start) || !/^\d+$/.test(length))
      throw invalid(`cannot parse ${file}: ${fields.join(':')}`)
    return { owner, start: Number(start), length: Number(length) }
  })
}

/** All ranges of an owner, one after the other from 0 on. */
function rangesFor(owner: Account, entries: Subordinate[], missing: string): IdRange[] {
  const own = entries.filter(
    ({ owner: entry, length }) => length > 0 && (entry === owner.name || entry === String(owner.id)),
  )
  if (own.length === 0) throw invalid(`Can't create ID mappings: ${missing}`)
  let inside = 0
  return own
    .sort((a, b) => a.start - b.start)
    .map(({ start, length }) => {
      const range = { inside, outside: start, length }
      inside += length
      return range
    })
}

/** Gives the default user a range above all others, as useradd(8) does for new users. */
async function ensureSubordinates(file: string): Promise<void> {
  const entries = await subordinates(file)
  if (entries.some(({ owner }) => owner === defaultUser)) return
  const start = Math.max(firstSubordinate, ...entries.map((entry) => entry.start + entry.length))
  const before = await text(file)
  const line = `${defaultUser}:${start}:${defaultLength}\n`
  const mode = await stat(file).then(
    (found) => found.mode & 0o777,
    () => 0o644,
  )
  try {
    await writeFile(
      `${file}.gantry`,
      `${before}${before === '' || before.endsWith('\n') ? '' : '\n'}${line}`,
      { mode },
    )
    await rename(`${file}.gantry`, file)
  } catch (error) {
    throw invalid(`Error during "${defaultUser}" user creation: ${messageOf(error)}`)
  }
}

/** Empty for a file that is not there. */
async function text(file: string): Promise<string> {
  return await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
}

function lines(content: string): string[][] {
  return content
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'))
}

function invalid(message: string): GantryError {
  return new GantryError('InvalidParameter', message)
}
