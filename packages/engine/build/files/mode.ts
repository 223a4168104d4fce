/** `--chmod`: `755`, or changes such as `u+x,go-w` (chmod(1)). */
import { GantryError } from '@gantry/errors'

/** Makes the new mode of the old one. `isDirectory` matters to `X`. Throws InvalidParameter. */
export type ModeChange = (mode: number, isDirectory: boolean) => number

/** Reads an octal number, or clauses as chmod(1) takes them, each applied to what the one before made. Throws InvalidParameter. */
export function parseMode(text: string): ModeChange {
  if (/^0*[0-7]{1,4}$/.test(text)) return () => Number.parseInt(text, 8)
  const actions = text.split(',').flatMap((clause) => parseClause(clause, text))
  return (mode, isDirectory) => actions.reduce((changed, action) => action(changed, isDirectory), mode)
}

type Group = 'u' | 'g' | 'o'

const shifts: Record<Group, number> = { u: 6, g: 3, o: 0 }
const setIds: Record<Group, number> = { u: 0o4000, g: 0o2000, o: 0 }

/** `go=u-w`: for whom, and one change after the other. */
function parseClause(clause: string, text: string): ModeChange[] {
  const [, who = '', changes] = /^([ugoa]*)((?:[+=-][rwxXstugo]*)+)$/.exec(clause) ?? []
  if (!changes) throw new GantryError('InvalidParameter', `invalid chmod parameter: '${text}'`)
  const all = who === '' || who.includes('a')
  const groups = (['u', 'g', 'o'] as const).filter((group) => all || who.includes(group))
  return [...changes.matchAll(/([+=-])([^+=-]*)/g)].map(
    ([, operator = '', permissions = '']): ModeChange =>
      (mode, isDirectory) => {
        const sticky = permissions.includes('t') ? 0o1000 : 0
        const bits = groups.map((group) => bitsOf(group, permissions, mode, isDirectory))
        const changed = bits.reduce((sum, each) => sum | each, sticky)
        if (operator === '+') return mode | changed
        if (operator === '-') return mode & ~changed
        const covered = groups.reduce((sum, group) => sum | (0o7 << shifts[group]) | setIds[group], 0)
        return (mode & ~covered) | changed
      },
  )
}

/** What the permissions are for one group; a letter of a group means what that one has. */
function bitsOf(group: Group, permissions: string, mode: number, isDirectory: boolean): number {
  const isExecutable =
    permissions.includes('x') || (permissions.includes('X') && (isDirectory || (mode & 0o111) !== 0))
  const copied = (['u', 'g', 'o'] as const)
    .filter((from) => permissions.includes(from))
    .reduce((sum, from) => sum | ((mode >> shifts[from]) & 0o7), 0)
  const plain =
    copied |
    (permissions.includes('r') ? 4 : 0) |
    (permissions.includes('w') ? 2 : 0) |
    (isExecutable ? 1 : 0)
  return (plain << shifts[group]) | (permissions.includes('s') ? setIds[group] : 0)
}
