import { closeSync, openSync } from 'node:fs'
import { bind, check } from '../libc.ts'
import { keepNamespace, releaseNamespace } from '../namespace-file.ts'

const unshare = bind('int unshare(int flags)')
const setns = bind('int setns(int fd, int type)')

const CLONE_NEWNET = 0x40000000
const own = '/proc/thread-self/ns/net'

/**
 * Network namespaces that live as long as the file they are mounted on. The calling thread goes into one only for the
 * length of a synchronous call: system calls act in it, `/proc/sys/net` shows it, and what is opened there (sockets)
 * stays there. Nothing in such a call may start a thread or wait.
 */
export class NetworkNamespaces implements Disposable {
  #home: number

  /** The namespace the calling thread is in now is the one it always returns to. */
  constructor() {
    this.#home = openSync(own, 'r')
  }

  /** Makes a namespace and mounts it on a new file `path`. Throws SystemCallError; then nothing is left. */
  create(path: string): void {
    this.#checkOpen()
    check('unshare', unshare(CLONE_NEWNET), 'CLONE_NEWNET')
    try {
      keepNamespace(own, path)
    } finally {
      this.#return()
    }
  }

  /** Opens the namespace's file; the descriptor is the caller's to close. */
  open(path: string): number {
    return openSync(path, 'r')
  }

  /** Runs `work` inside the namespace behind a path or descriptor. It must not return a promise. */
  enter<T>(target: string | number, work: () => T): T {
    this.#checkOpen()
    const fd = typeof target === 'number' ? target : this.open(target)
    try {
      check('setns', setns(fd, CLONE_NEWNET), String(target))
      try {
        return work()
      } finally {
        this.#return()
      }
    } finally {
      if (typeof target === 'string') closeSync(fd)
    }
  }

  /** Unmounts and deletes the file. The namespace goes once nothing else uses it. Idempotent. */
  remove(path: string): void {
    releaseNamespace(path)
  }

  /** Idempotent. */
  close(): void {
    if (this.#home >= 0) closeSync(this.#home)
    this.#home = -1
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #checkOpen(): void {
    if (this.#home < 0) throw new Error('network namespaces are closed')
  }

  /** A thread that stays in a container's namespace would serve the wrong network: better no process at all. */
  #return(): void {
    if (setns(this.#home, CLONE_NEWNET) === 0) return
    process.stderr.write('fatal: cannot return to the host network namespace\n')
    process.abort()
  }
}
