/** Learning of a file that conmon makes. */
import { existsSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'

/** Calls back once when the file is there, now or later, until the returned function is called. */
export function whenMade(path: string, told: () => void): () => void {
  let done = false
  const name = basename(path)
  const stop = () => {
    done = true
    watcher?.close()
  }
  const made = () => {
    if (done) return
    stop()
    told()
  }
  const watcher = watchDirectory(dirname(path), (changed) => changed === name && made())
  // It may have been made before anybody watched.
  if (existsSync(path)) queueMicrotask(made)
  return stop
}

/** Null when the directory is gone: then nothing will be made in it. */
function watchDirectory(directory: string, changed: (name: string | null) => void) {
  try {
    const watcher = watch(directory, { persistent: false }, (_event, name) => changed(name))
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return null
  }
}
