/** What builds for classic clients have besides: every instruction is told of, and labels are an instruction. */
import { type Arg, type Dockerfile, parseTrigger, predefinedArguments } from '@gantry/dockerfile'
import type { PlannedInstruction } from '../contracts.ts'
import type { Plan } from './planner.ts'

/** What will be told, in order: global arguments, then the stages. */
export function tellPlan(globals: readonly Arg[], { stages }: Plan): PlannedInstruction[] {
  return [
    ...globals.map(({ source }) => ({ source, instruction: 'ARG', triggered: false, endsStage: false })),
    ...stages.flatMap(({ states }) =>
      states.map(({ source, instruction, triggered, made }, index) => ({
        source,
        instruction,
        triggered,
        endsStage: index === states.length - 1,
        ...(made && { step: made.name }),
      })),
    ),
  ]
}

/** The Dockerfile with the labels of the request as its target's last instructions. */
export function withLabels(
  dockerfile: Dockerfile,
  labels: Readonly<Record<string, string>>,
  target: string | undefined,
): Dockerfile {
  const given = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))
  const literal = (text: string): string => text.replace(/[\\`$"']/g, `${dockerfile.directives.escape}$&`)
  if (given.length === 0) return dockerfile
  const { stages } = dockerfile
  const named = stages.findLastIndex(
    ({ name }, index) => name === target?.toLowerCase() || String(index) === target,
  )
  const at = named < 0 ? stages.length - 1 : named
  return {
    ...dockerfile,
    stages: stages.map((stage, index) => {
      if (index !== at) return stage
      const labelled = given.map(([key, value]) => ({
        instruction: 'LABEL' as const,
        pairs: [{ key: literal(key), value: literal(value) }],
        source: `LABEL ${key}=${value}`,
        lines: stage.lines,
      }))
      return { ...stage, commands: [...stage.commands, ...labelled] }
    }),
  }
}

/** Names of values that were given and that no ARG asks for, also none that came with a base image. */
export function unusedArguments(
  { globals, stages }: Dockerfile,
  given: ReadonlyMap<string, string>,
  plans: readonly Plan[],
): string[] {
  if (given.size === 0) return []
  const inherited = plans
    .flatMap((plan) => plan.stages.flatMap(({ states }) => states))
    .flatMap(({ triggered, instruction, source }) =>
      triggered && instruction === 'ARG' ? parseTrigger(source) : [],
    )
  const own = stages.flatMap(({ commands }) => commands)
  const declared = [...globals, ...own, ...inherited].flatMap((instruction) =>
    instruction.instruction === 'ARG' ? instruction.args.map(({ key }) => key) : [],
  )
  const used = new Set([...declared, ...predefinedArguments])
  return [...given.keys()].filter((name) => !used.has(name) && !isForTheBuilder(name)).sort()
}

/** SOURCE_DATE_EPOCH and BUILDKIT_… are read by the builder itself. */
const isForTheBuilder = (name: string): boolean =>
  name === 'SOURCE_DATE_EPOCH' || name.startsWith('BUILDKIT_')
