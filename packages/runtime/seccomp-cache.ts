/** Spares crun the compilation of seccomp profiles, which is a third of what it does. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { OciSpec } from './oci-spec.ts'

/** crun takes a compiled filter, base64, from here instead of compiling `linux.seccomp`. */
const annotation = 'run.oci.seccomp_bpf_data'
const maximumPrograms = 32

/** Compiled filters by profile, as crun itself has made them for an earlier container. */
export class SeccompCache {
  readonly #programs = new Map<string, string>()

  /** The specification with the compiled filter, if one is known. A user's own annotation stays. */
  apply(spec: OciSpec): OciSpec {
    const program = this.#programs.get(keyOf(spec) ?? '')
    if (!program || spec.annotations?.[annotation] !== undefined) return spec
    return { ...spec, annotations: { ...spec.annotations, [annotation]: program } }
  }

  /** Keeps what crun compiled for a container that has just been created. `state` is its state directory. */
  async learn(spec: OciSpec, state: string): Promise<void> {
    const key = keyOf(spec)
    if (!key || this.#programs.has(key) || spec.annotations?.[annotation] !== undefined) return
    if (this.#programs.size >= maximumPrograms) return
    const program = await readFile(join(state, 'seccomp.bpf')).catch(() => null)
    // struct sock_filter has eight bytes.
    if (program && program.length > 0 && program.length % 8 === 0)
      this.#programs.set(key, program.toString('base64'))
  }
}

/** Null for a container without a profile, or with one that reports to a listener. */
function keyOf(spec: OciSpec): string | null {
  const profile = spec.linux.seccomp as { listenerPath?: string } | undefined
  if (!profile || profile.listenerPath) return null
  return createHash('sha256').update(JSON.stringify(profile)).digest('base64')
}
