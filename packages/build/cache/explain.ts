/** Why a step was not cached: the parts of its key that differ from its last run, as closely as they tell. */
import type { KeyParts } from '../solve/key.ts'

/** Parts that are JSON lists of `NAME=value`: which of the names differ. Values may be confidential. */
const lists = new Set(['its environment'])

/** `earlier` are the parts of the step's last run. */
export function differences(earlier: Readonly<KeyParts>, parts: KeyParts): string[] {
  return Object.keys({ ...earlier, ...parts })
    .filter((name) => earlier[name] !== parts[name])
    .map((name) => {
      const names = lists.has(name) ? namesThatDiffer(earlier[name], parts[name]) : []
      return names.length > 0 ? `${name} (${names.join(', ')})` : name
    })
}

function namesThatDiffer(before = '[]', now = '[]'): string[] {
  const [old, given] = [variables(before), variables(now)]
  const names = new Set([...old.keys(), ...given.keys()])
  return [...names].filter((name) => old.get(name) !== given.get(name)).sort()
}

function variables(text: string): Map<string, string> {
  const words = JSON.parse(text) as string[]
  return new Map(
    words.map((word): [string, string] => {
      const [name = ''] = word.split('=', 1)
      return [name, word.slice(name.length + 1)]
    }),
  )
}
