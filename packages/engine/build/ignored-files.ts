/** Takes what an ignore file names out of a context that has come whole. */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { IgnoreFile } from '@gantry/dockerfile'

/** Nobody else may write there meanwhile; links are not followed. */
export async function removeIgnored(root: string, ignore: IgnoreFile): Promise<void> {
  await removeBelow(root, '', ignore, turns())
}

/** `pause` lets others have their turn. */
async function removeBelow(
  root: string,
  path: string,
  ignore: IgnoreFile,
  pause: () => Promise<void>,
): Promise<void> {
  for (const entry of await readdir(join(root, path), { withFileTypes: true })) {
    await pause()
    const child = path === '' ? entry.name : `${path}/${entry.name}`
    const isDirectory = entry.isDirectory()
    if (isDirectory && !ignore.prunes(child)) await removeBelow(root, child, ignore, pause)
    if (!ignore.ignores(child)) continue
    if (isDirectory && (await readdir(join(root, child))).length > 0 && !ignore.prunes(child)) continue
    await rm(join(root, child), { recursive: true, force: true })
  }
}

/** Milliseconds that the event loop is kept for one piece of work. */
const longestTurn = 10

/** To be awaited often: gives the event loop back once it has been kept for long. */
function turns(): () => Promise<void> {
  let began = performance.now()
  return async () => {
    if (performance.now() - began < longestTurn) return
    await nextTurn()
    began = performance.now()
  }
}
