/** COPY and ADD as a step. */
import { posix } from 'node:path'
import type { Add, Copy } from '@gantry/dockerfile'
import { at, DockerfileProblem, isGitUrl } from '@gantry/dockerfile'
import { isDigest } from '@gantry/oci'
import type { CopyStep, FileCopy, Origin } from '../contracts.ts'
import type { StagePlace, StagePlan, StageState } from './stage-plan.ts'

/**
 * Plans a COPY or ADD: where its files come from, and its destination as an absolute path, with `/` at its end when
 * it is a directory. Throws DockerfileProblem when several sources go to what is no directory.
 */
export async function copyStep(
  plan: StagePlan,
  { config, step }: StageState,
  instruction: Copy | Add,
  place: StagePlace,
): Promise<CopyStep> {
  const { dest, sources, heredocs, chown, chmod, link, exclude } = instruction
  const isDirectory = dest.endsWith('/') || dest.endsWith('/.') || dest === '.' || dest === '..'
  if (sources.length + heredocs.length > 1 && !isDirectory)
    throw new DockerfileProblem(
      `When using ${instruction.instruction} with more than one source file, the destination must be a directory and end with a /`,
      instruction.lines,
    )
  const path = posix.resolve('/', config.WorkingDir ?? '/', dest)
  const documents: FileCopy[] = heredocs.map((document) => ({
    origin: { kind: 'documents', documents: [document] },
    sources: [posix.basename(document.name)],
    unpack: false,
  }))
  const copies =
    instruction.instruction === 'COPY'
      ? await fromOrigin(plan, instruction, place)
      : sources.map((source) => at(instruction.lines, () => added(source, instruction)))
  return {
    kind: 'copy',
    ...place,
    input: step,
    copies: [...copies, ...documents],
    dest: isDirectory && path !== '/' ? `${path}/` : path,
    ...(chown && { chown }),
    ...(chmod && { chmod }),
    link: link ?? false,
    parents: instruction.instruction === 'COPY' && (instruction.parents ?? false),
    exclude,
  }
}

async function fromOrigin(plan: StagePlan, instruction: Copy, place: StagePlace): Promise<FileCopy[]> {
  const { from, sources, lines } = instruction
  if (sources.length === 0) return []
  const origin: Origin =
    from === undefined
      ? { kind: 'context', name: 'context' }
      : await plan.planner.origin(from, lines, plan.index, place.platform)
  return [{ origin, sources, unpack: false }]
}

/** Whether a source of ADD is no path in the context. */
export const isRemote = (source: string): boolean => isGitUrl(source) || /^https?:\/\//.test(source)

function added(source: string, { checksum, keepGitDir = false, unpack }: Add): FileCopy {
  const verified = checksum === undefined ? {} : { checksum }
  if (isGitUrl(source))
    return { origin: { kind: 'git', url: source, keepGitDir, ...verified }, sources: ['/'], unpack: false }
  const isDownload = /^https?:\/\//.test(source)
  if (checksum !== undefined && !isDownload)
    throw new DockerfileProblem("checksum can't be specified for non-HTTP(S) sources")
  if (checksum !== undefined && !isDigest(checksum))
    throw new DockerfileProblem(`invalid checksum digest format: ${JSON.stringify(checksum)}`)
  if (isDownload)
    return {
      origin: { kind: 'http', url: source, ...verified },
      sources: [fileOf(source)],
      unpack: unpack ?? false,
    }
  return { origin: { kind: 'context', name: 'context' }, sources: [source], unpack: unpack ?? true }
}

/** The name under which a download is kept: the last part of its path. */
function fileOf(url: string): string {
  const name = URL.parse(url)?.pathname.split('/').at(-1) ?? ''
  if (name === '') throw new DockerfileProblem(`cannot determine filename for source ${url}`)
  return name
}
