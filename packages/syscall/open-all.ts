import { closeSync, openSync } from 'node:fs'

/** Opens each of the paths, open(2); the descriptors are the caller's. Throws with none of them open. */
export function openAll(paths: readonly string[], flags: number): number[] {
  const opened: number[] = []
  try {
    for (const path of paths) opened.push(openSync(path, flags))
    return opened
  } catch (error) {
    for (const descriptor of opened) closeSync(descriptor)
    throw error
  }
}
