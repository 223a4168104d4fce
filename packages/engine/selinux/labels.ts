/** Labels of a container: its processes' and its files', and which categories set it apart from the others. */
import { randomInt } from 'node:crypto'
import type { HostConfig } from '@gantry/api'
import { GantryError } from '@gantry/errors'
import { parseSecurityOption } from '../containers/security-options.ts'
import { type ContainerContexts, type Context, formatContext, parseContext } from './contexts.ts'

/** As a container keeps them; an empty process label: not confined by SELinux. */
export interface SelinuxLabels {
  process: string
  mount: string
}

/** Categories of MCS policies: c0 to c1023. */
const categories = 1024
const pairs = (categories * (categories - 1)) / 2

const invalid = (message: string) => new GantryError('InvalidParameter', message)

/** A level with two categories that none of `taken` has. Throws Unavailable when all pairs are. */
function freeLevel(taken: ReadonlySet<string>): string {
  // Levels with other sensitivities or categories cannot make more than these pairs busy.
  if (taken.size >= pairs) throw new GantryError('Unavailable', 'all SELinux categories are in use')
  for (;;) {
    const [one, other] = [randomInt(categories), randomInt(categories)]
    const level = `s0:c${Math.min(one, other)},c${Math.max(one, other)}`
    if (one !== other && !taken.has(level)) return level
  }
}

/** Levels of these containers, which no new one may have. */
export function levelsOf(labels: readonly (SelinuxLabels | undefined)[]): Set<string> {
  const levels = labels.flatMap((label) => [label?.process, label?.mount])
  return new Set(levels.flatMap((label) => (label ? (parseContext(label)?.level ?? []) : [])))
}

/**
 * Options `label=` that a request without any gets, as with Docker: none for processes of the host's pid or ipc namespace
 * and privileged ones, those of the container whose namespace is shared. `labelsOf` finds that container's. Throws
 * InvalidParameter when two are shared whose labels differ.
 */
export function impliedOptions(
  config: HostConfig,
  labelsOf: (reference: string) => SelinuxLabels | undefined,
): string[] {
  if (labelOptions(config).length > 0) return []
  if (config.Privileged || config.PidMode === 'host' || config.IpcMode === 'host') return ['label=disable']
  const donors = [config.IpcMode, config.PidMode].flatMap((mode) =>
    mode?.startsWith('container:') ? [labelsOf(mode.slice('container:'.length))?.process ?? ''] : [],
  )
  const [first, second] = donors
  if (first === undefined) return []
  if (second !== undefined && second !== first)
    throw invalid("--ipc and --pid containers SELinux labels aren't the same")
  const context = parseContext(first)
  if (!context) return ['label=disable']
  const { user, role, type, level } = context
  return [`label=user:${user}`, `label=role:${role}`, `label=type:${type}`, `label=level:${level}`]
}

/** The labels that options ask for, in the place of the policy's. Throws InvalidParameter for what is no such option. */
export function labelsFor(
  config: HostConfig,
  contexts: ContainerContexts,
  taken: ReadonlySet<string>,
): SelinuxLabels {
  const options = labelOptions(config)
  if (options.includes('disable')) return { process: '', mount: formatContext(contexts.file) }
  const level = freeLevel(taken)
  const process: Context = { ...contexts.process, level: contexts.process.level && level }
  const file: Context = { ...contexts.file, level: contexts.file.level && level }
  for (const option of options) {
    const [, part, value] = /^(user|role|type|level|filetype):(.+)$/.exec(option) ?? []
    if (!part || !value)
      throw invalid(
        `bad label option "${option}", valid options 'disable' or \n'user, role, level, type, filetype' followed by ':' and a value`,
      )
    if (part === 'filetype') file.type = value
    else process[part as keyof Context] = value
    if (part === 'level' || part === 'user') file[part] = value
  }
  return { process: formatContext(process), mount: formatContext(file) }
}

function labelOptions({ SecurityOpt }: HostConfig): string[] {
  return (SecurityOpt ?? [])
    .map(parseSecurityOption)
    .filter(({ key }) => key === 'label')
    .map(({ value }) => value)
}
