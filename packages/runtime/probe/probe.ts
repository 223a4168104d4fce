/** Which programs containers are run with on this host. */
import { GantryError } from '@gantry/errors'
import type { CgroupLayout } from '@gantry/syscall'
import type { OciRuntimeKind, RuntimeProgram } from '../oci-runtime.ts'
import { findProgram, isExecutable, versionOf } from './programs.ts'
import { tryRuntime } from './trial.ts'

export interface ProbeOptions {
  cgroups: CgroupLayout
  cgroupParent: string
  /** For a moment's work, e.g. `<exec root>/probe`. */
  scratch: string
  /** `--add-runtime`: program by name. A name given here is not looked for elsewhere. */
  runtimes?: Record<string, string>
}

export interface ProbedProgram {
  path: string
  version: string
}

export interface ProbeResult {
  conmon: ProbedProgram
  /** The usable ones of crun and runc, then the user's. */
  runtimes: RuntimeProgram[]
  /** Name of the one for containers that name none: crun where it works. */
  preferred: string
  /** For `--init`; null when there is none. */
  init: ProbedProgram | null
  /** Why something that is installed is not used. */
  warnings: string[]
}

/** In order of preference. */
const knownRuntimes = ['crun', 'runc']
/** Of `--init`: small programs that reap, in order of preference. */
const initPrograms = ['docker-init', 'catatonit', 'tini-static', 'tini']

/**
 * Looks for conmon, an OCI runtime that works here (by running the smallest container) and an init program.
 * Rejects with Unavailable, naming the Debian packages, when containers could not be run.
 */
export async function probeRuntimes(options: ProbeOptions): Promise<ProbeResult> {
  const [conmon, installed, user, init] = await Promise.all([
    probeProgram(['conmon']),
    installedRuntimes(options.runtimes ?? {}),
    userRuntimes(options.runtimes ?? {}),
    probeProgram(initPrograms),
  ])
  if (!conmon) throw new GantryError('Unavailable', 'conmon is not installed (Debian package: conmon)')
  const { usable, warnings } = await firstWorking(installed, options)
  const runtimes = [...usable, ...user]
  const preferred = runtimes[0]
  if (!preferred) throw new GantryError('Unavailable', noRuntime(warnings))
  return { conmon, runtimes, preferred: preferred.name, init, warnings }
}

function noRuntime(warnings: string[]): string {
  if (warnings.length === 0) return 'no OCI runtime is installed (Debian package: crun, or runc)'
  return `no OCI runtime works on this host: ${warnings.join('; ')}`
}

/** Tries one after the other until one works; those after it count as usable untried, which saves start-up time. */
async function firstWorking(
  candidates: RuntimeProgram[],
  { cgroups, cgroupParent, scratch }: ProbeOptions,
): Promise<{ usable: RuntimeProgram[]; warnings: string[] }> {
  const warnings: string[] = []
  for (const [index, { name, path }] of candidates.entries()) {
    const problem = await tryRuntime({ path, directory: scratch, cgroups, cgroupParent })
    if (problem === null) return { usable: candidates.slice(index), warnings }
    warnings.push(`${name} (${path}) cannot run containers here: ${problem}${hint(name, cgroups)}`)
  }
  return { usable: [], warnings }
}

function hint(name: string, { unifiedControllers }: CgroupLayout): string {
  if (name !== 'crun' || unifiedControllers.length === 0) return ''
  return ` (this host keeps the controllers ${unifiedControllers.join(', ')} in cgroup v2 beside cgroup v1)`
}

async function probeProgram(names: string[]): Promise<ProbedProgram | null> {
  for (const name of names) {
    const path = await findProgram(name)
    if (path) return { path, version: (await versionOf(path)).version }
  }
  return null
}

async function installedRuntimes(user: Record<string, string>): Promise<RuntimeProgram[]> {
  const found = await Promise.all(
    knownRuntimes
      .filter((name) => user[name] === undefined)
      .map(async (name) => {
        const path = await findProgram(name)
        return path ? [await describe(name, path)] : []
      }),
  )
  return found.flat()
}

async function userRuntimes(user: Record<string, string>): Promise<RuntimeProgram[]> {
  return await Promise.all(
    Object.entries(user).map(async ([name, wanted]) => {
      const path = wanted.includes('/') ? wanted : await findProgram(wanted)
      if (!path || !(await isExecutable(path))) {
        throw new GantryError('InvalidParameter', `runtime "${name}": ${wanted} is not an executable program`)
      }
      return await describe(name, path)
    }),
  )
}

async function describe(name: string, path: string): Promise<RuntimeProgram> {
  const { text, version } = await versionOf(path)
  return { name, path, kind: kindOf(text), version }
}

function kindOf(versionText: string): OciRuntimeKind {
  if (versionText.startsWith('crun version')) return 'crun'
  return versionText.startsWith('runc version') ? 'runc' : 'other'
}
