/** Copies of OCI runtimes that cannot be changed, by a container or otherwise (CVE-2019-5736). */
import { closeSync } from 'node:fs'
import { sealProgram } from '@gantry/syscall'
import type { RuntimeProgram } from './oci-runtime.ts'

/**
 * crun protects itself by copying its program into memory and executing that, each time it runs. When it finds itself in
 * a sealed file already, it need not, which saves a fifth of its time. The copies live as long as the daemon.
 */
export class SealedPrograms implements Disposable {
  readonly #descriptors: number[] = []

  /** What to execute for a program. Its own path, when it gains nothing or the kernel does not allow it. */
  of({ kind, path }: RuntimeProgram): string {
    if (kind !== 'crun') return path
    try {
      const descriptor = sealProgram(path)
      this.#descriptors.push(descriptor)
      return `/proc/${process.pid}/fd/${descriptor}`
    } catch {
      return path
    }
  }

  [Symbol.dispose](): void {
    for (const descriptor of this.#descriptors) closeSync(descriptor)
    this.#descriptors.length = 0
  }
}
