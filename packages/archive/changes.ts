import { closeSync, constants, openSync } from 'node:fs'
import type { Change, Upper } from './messages.ts'
import { walkUpper } from './upper.ts'

const kinds = { same: 0, modified: 0, added: 1, deleted: 2 } as const

/** What a container has changed, in the order of names; directories on the way to a change count as modified. */
export function changesOf({ upper, lower, mountPoints }: Upper): Change[] {
  const changes: Change[] = []
  const top = openSync(upper, constants.O_RDONLY | constants.O_DIRECTORY)
  /** Directories on the way that have not been told. */
  let waiting: string[] = []
  try {
    for (const { path, kind, info, hidden } of walkUpper(top, lower, mountPoints)) {
      waiting = waiting.filter((directory) => path.startsWith(`${directory}/`))
      if (kind === 'same' && hidden.length === 0) {
        if (info.isDirectory()) waiting.push(path)
        continue
      }
      for (const directory of waiting) changes.push({ path: `/${directory}`, kind: 0 })
      waiting = []
      changes.push({ path: `/${path}`, kind: kinds[kind] })
      for (const name of hidden) changes.push({ path: `/${path}/${name}`, kind: kinds.deleted })
    }
  } finally {
    closeSync(top)
  }
  return changes
}
