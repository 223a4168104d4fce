/** Trying an OCI runtime with the smallest container there is. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Cgroup, type CgroupLayout } from '@gantry/syscall'
import { type OciSpec, specText } from '../oci-spec.ts'
import { exitProgram } from './exit-program.ts'
import { runProgram } from './programs.ts'

export interface TrialOptions {
  /** The runtime program. */
  path: string
  /** For the bundle; made when missing, and empty afterwards. */
  directory: string
  cgroups: CgroupLayout
  cgroupParent: string
}

/** Runs a container that does nothing. Null when that works, else what the runtime said. */
export async function tryRuntime({
  path,
  directory,
  cgroups,
  cgroupParent,
}: TrialOptions): Promise<string | null> {
  const program = exitProgram(process.arch)
  if (!program) return null
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const bundle = await mkdtemp(join(directory, 'trial-'))
  const id = bundle.slice(directory.length + 1)
  const state = ['--root', join(bundle, 'state')]
  const cgroup = join(cgroupParent, id)
  try {
    await mkdir(join(bundle, 'rootfs'))
    await writeFile(join(bundle, 'rootfs', 'exit'), program, { mode: 0o755 })
    await writeFile(join(bundle, 'config.json'), specText(trialSpec(cgroup)))
    const { exitCode, stderr } = await runProgram(path, [...state, 'run', '--bundle', bundle, id])
    if (exitCode === 0) return null
    return stderr.trim().split('\n').at(-1) || `exit code ${exitCode}`
  } finally {
    await runProgram(path, [...state, 'delete', '--force', id])
    await new Cgroup(cgroups, cgroup).remove()
    await rm(bundle, { recursive: true, force: true })
  }
}

/** Namespaces, /proc, /dev and a cgroup: what containers cannot do without. */
function trialSpec(cgroupsPath: string): OciSpec {
  return {
    ociVersion: '1.0.2',
    process: { user: { uid: 0, gid: 0 }, args: ['/exit'], env: [], cwd: '/', capabilities: {} },
    root: { path: 'rootfs' },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs' },
    ],
    linux: {
      cgroupsPath,
      namespaces: [{ type: 'mount' }, { type: 'pid' }, { type: 'ipc' }, { type: 'uts' }],
      resources: { devices: [{ allow: false, access: 'rwm' }] },
    },
  }
}
