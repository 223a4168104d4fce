import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { HostConfig } from '@gantry/api'
import { GantryError } from '@gantry/errors'
import {
  enforcesProjects,
  limitProject,
  type ProjectUsage,
  projectOf,
  projectUsage,
  setProject,
} from '@gantry/syscall'
import { byteSize } from '../limits/byte-size.ts'

/** Project quotas of the kernel; each by a directory on the file system in question. */
export interface ProjectQuotas {
  projectOf(directory: string): number
  setProject(directory: string, project: number): void
  projectUsage(directory: string, project: number): ProjectUsage
  limitProject(directory: string, project: number, bytes: number): void
}

/** Projects of containers have numbers from here on, above those that administrators and other engines give. */
const firstProject = 0x4000_0000
/** The directories that an overlay writes to: what is in one is moved to the other, so both are of one project. */
const written = ['upper', 'work']

/** How much containers may write (`--storage-opt size=`), kept by project quotas: what a project is, only the kernel knows. */
export class StorageLimits {
  /** Whether the file system of the containers' directories keeps to limits. */
  readonly supported: boolean
  readonly #quotas: ProjectQuotas
  #next = firstProject

  constructor(
    directory: string,
    quotas: ProjectQuotas = { projectOf, setProject, projectUsage, limitProject },
    supported = enforcesProjects(directory),
  ) {
    this.supported = supported
    this.#quotas = quotas
  }

  /** Limits what a new container may write, in bytes. Its directories must be empty. Throws SystemCallError. */
  limit(directory: string, bytes: number): void {
    const project = this.#freeProject(directory)
    this.#quotas.limitProject(directory, project, bytes)
    for (const name of written) this.#quotas.setProject(join(directory, name), project)
  }

  /** Removes a container's directory, and its limit with it, whose number is free then. */
  async remove(directory: string): Promise<void> {
    const project = this.#projectOf(directory)
    await rm(directory, { recursive: true, force: true })
    if (project < firstProject) return
    this.#quotas.limitProject(dirname(directory), project, 0)
  }

  #projectOf(directory: string): number {
    if (!this.supported) return 0
    for (const name of written) {
      try {
        return this.#quotas.projectOf(join(directory, name))
      } catch {
        // It was never made, or is gone already.
      }
    }
    return 0
  }

  /** A number that no file has. One with a limit only is free too: whoever had it died while it was being removed. */
  #freeProject(directory: string): number {
    for (; ; this.#next++) {
      const { bytes, files } = this.#quotas.projectUsage(directory, this.#next)
      if (bytes === 0 && files === 0) return this.#next++
    }
  }
}

/** The bytes of `--storage-opt size=`, 0 for no limit; undefined when it does not say. Throws InvalidParameter. */
export function storageSize({ StorageOpt }: HostConfig, supported: boolean): number | undefined {
  const options = Object.entries(StorageOpt ?? {})
  const unknown = options.find(([key]) => key.toLowerCase() !== 'size')
  if (unknown) throw new GantryError('InvalidParameter', `Unknown option ${unknown[0]}`)
  if (options.length > 0 && !supported)
    throw new GantryError(
      'InvalidParameter',
      "--storage-opt is supported only for overlay over xfs with 'pquota' mount option",
    )
  const [size] = options.map(([, value]) => byteSize(value))
  return size
}
