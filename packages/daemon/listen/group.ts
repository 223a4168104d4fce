import { readFile } from 'node:fs/promises'
import { GantryError } from '@gantry/errors'

/** The group of sockets unless the configuration names one. */
export const defaultGroup = 'docker'

/**
 * The id of a group by name or number. Without a name, and where nobody has made the default group, it is root's. Rejects
 * with InvalidParameter for a group that was asked for and is not there.
 */
export async function groupId(group: string, table = '/etc/group'): Promise<number> {
  if (group === '') return 0
  if (/^\d+$/.test(group)) return Number(group)
  const groups = await readFile(table, 'utf8').catch(() => '')
  const entry = groups
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === group)
  if (entry) return Number(entry[2])
  if (group === defaultGroup) return 0
  throw new GantryError('InvalidParameter', `group ${group} not found`)
}
