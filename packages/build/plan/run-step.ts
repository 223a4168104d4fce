/** RUN as a step. */
import { posix } from 'node:path'
import {
  at,
  chomped,
  DockerfileProblem,
  type Heredoc,
  loneDocument,
  parseDevice,
  parseMount,
  predefinedArguments,
  type Run,
  type RunMount,
} from '@gantry/dockerfile'
import type { RunConfig } from '@gantry/oci'
import type { Origin, RunStep } from '../contracts.ts'
import { cacheMountId, sandboxHostname } from './builder-arguments.ts'
import { commandLine } from './configuration.ts'
import type { StagePlace, StagePlan, StageState } from './stage-plan.ts'

/** `args` are the build arguments that count in the stage, as `NAME=value`; they go before the configuration's variables. */
export async function runStep(
  plan: StagePlan,
  { config, step }: StageState,
  run: Run,
  args: readonly string[],
  place: StagePlace,
): Promise<RunStep> {
  const { options } = plan.planner
  const workingDir = config.WorkingDir || '/'
  for (const text of run.devices) at(run.lines, () => checkDevice(text))
  const mounts: RunStep['mounts'][number][] = []
  // One after another: a stage that two mounts come from is planned once.
  for (const text of run.mounts) {
    const mount = at(run.lines, () => parseMount(text))
    mounts.push(await mountOf(plan, mount, run, workingDir, place))
  }
  const proxies = predefinedArguments.flatMap((name) => {
    const value = options.args.get(name)
    return value === undefined || args.some((word) => word.startsWith(`${name}=`)) ? [] : [`${name}=${value}`]
  })
  const hostname = sandboxHostname(options.args)
  const given = new Set(args.map(nameOf))
  return {
    kind: 'run',
    ...place,
    input: step,
    ...processOf(run, config),
    env: [...(config.Env ?? []).filter((word) => !given.has(nameOf(word))), ...args],
    proxies,
    user: config.User ?? '',
    workingDir,
    mounts,
    network: run.network && run.network !== 'default' ? run.network : options.network,
    security: run.security ?? 'sandbox',
    ...(hostname !== null && { hostname }),
  }
}

const nameOf = (word: string): string => word.split('=', 1)[0] ?? ''

/** No devices are registered here, so a step goes without those that it can do without, as with BuildKit. */
function checkDevice(text: string): void {
  const { name, required } = parseDevice(text)
  if (required) throw new DockerfileProblem(`required device ${JSON.stringify(name)} is not registered`)
}

/** What a RUN runs, its here-documents included. Throws DockerfileProblem for an empty list. */
export const processOf = (run: Run, config: RunConfig): Pick<RunStep, 'args' | 'script'> =>
  scriptOf(run, argumentsOf(run, config), config.Shell ?? ['/bin/sh', '-c'])

/** Of a RUN without a command the shell is given an empty one, as by BuildKit. Throws DockerfileProblem for an empty list. */
function argumentsOf(run: Run, config: RunConfig): string[] {
  const args = commandLine(config, run)
  if (args.length > 0) return args
  if (run.form === 'exec') throw new DockerfileProblem('RUN requires at least one argument', run.lines)
  return commandLine(config, { ...run, args: [''] })
}

/** Puts here-documents where they belong: a lone one is the script, others follow the shell's text. */
function scriptOf(run: Run, args: string[], shell: readonly string[]): Pick<RunStep, 'args' | 'script'> {
  const [text = ''] = run.args
  if (run.heredocs.length === 0 || run.form === 'exec') return { args }
  const document = loneDocument(run)
  if (!document) return { args: [...shell, [text, ...run.heredocs.map(documentText)].join('\n')] }
  const content = chomped(document)
  if (!content.startsWith('#!')) return { args: [...shell, content] }
  const name = posix.basename(document.name)
  return { args: [`/dev/pipes/${name}`], script: { name, content } }
}

const documentText = ({ name, content }: Heredoc): string => content + name

async function mountOf(
  plan: StagePlan,
  mount: RunMount,
  run: Run,
  workingDir: string,
  place: StagePlace,
): Promise<RunMount & { origin?: Origin }> {
  const target = mount.target === undefined ? undefined : posix.resolve(workingDir, mount.target)
  if (target === '/') throw new DockerfileProblem('invalid mount target "/"', run.lines)
  const { args } = plan.planner.options
  const id = mount.type === 'cache' ? cacheMountId(args, mount.id ?? target ?? '') : mount.id
  const prepared = { ...mount, ...(target !== undefined && { target }), ...(id !== undefined && { id }) }
  if (mount.from !== undefined) {
    const origin = await plan.planner.origin(mount.from, run.lines, plan.index, place.platform)
    return { ...prepared, origin }
  }
  return mount.type === 'bind' ? { ...prepared, origin: { kind: 'context', name: 'context' } } : prepared
}
