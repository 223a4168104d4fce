/** `--chmod`: `755`, or changes such as `u+x,go-w` (chmod(1)). */
import { GantryError } from '@gantry/errors'

/** Makes the new mode of the old one. `isDirectory` matters to `X`. Throws InvalidParameter. */
export type ModeChange = (mode: number, isDirectory: boolean) => number

/**
 * Reads one to four octal digits, or clauses as chmod(1) takes them, each applied to what the one before made. Throws
 * InvalidParameter.
 */
export function parseMode(text: string): ModeChange {
  if (/^[0-7]{1,4}$/.test(text)) return () => Number.parseInt(text, 8)
  const clauses = text.split(',').map((clause) => parseClause(clause, text))
  return (mode, isDirectory) => clauses.reduce((changed, clause) => clause(changed, isDirectory), mode)
}

const groupShift = { u: 6, g: 3, o: 0 }

function parseClause(clause: string, text: string): ModeChange {
  const [, who = '', operator, permissions = ''] = /^([ugoa]*)([+=-])([rwxXst]*)$/.exec(clause) ?? []
  if (!operator) throw new GantryError('InvalidParameter', `invalid chmod parameter: '${text}'`)
  const groups = who === '' || who.includes('a') ? 'ugo' : who
  return (mode, isDirectory) => {
    let bits = 0
    let covered = 0
    for (const group of ['u', 'g', 'o'] as const) {
      if (!groups.includes(group)) continue
      covered |= 0o7 << groupShift[group]
      bits |= plainBits(permissions, mode, isDirectory) << groupShift[group]
      if (permissions.includes('s') && group !== 'o') bits |= group === 'u' ? 0o4000 : 0o2000
    }
    if (permissions.includes('t')) bits |= 0o1000
    if (operator === '+') return mode | bits
    if (operator === '-') return mode & ~bits
    return (mode & ~covered) | bits
  }
}

function plainBits(permissions: string, mode: number, isDirectory: boolean): number {
  const executable =
    permissions.includes('x') || (permissions.includes('X') && (isDirectory || (mode & 0o111) !== 0))
  return (permissions.includes('r') ? 4 : 0) | (permissions.includes('w') ? 2 : 0) | (executable ? 1 : 0)
}
