import { readFile } from 'node:fs/promises'

/** The id of a group by name or number; that of root when there is no such group. */
export async function groupId(group: string): Promise<number> {
  if (/^\d+$/.test(group)) return Number(group)
  const table = await readFile('/etc/group', 'utf8').catch(() => '')
  const entry = table
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === group)
  return Number(entry?.[2] ?? 0)
}
