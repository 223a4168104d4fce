/** Build checks that need more than the Dockerfile. */
import {
  type Finding,
  type Instruction,
  type LineRange,
  type StageScope,
  suggestion,
} from '@gantry/dockerfile'
import { formatPlatform, type ImageConfigFile, type Platform } from '@gantry/oci'
import { isRemote } from './copy-step.ts'
import type { Planner } from './planner.ts'

/** Looks at an instruction whose variables have just been replaced. */
export function checkInstruction(
  instruction: Instruction,
  scope: StageScope,
  { dockerfile, options }: Planner,
): Finding[] {
  const { lines } = instruction
  const globals = dockerfile.globals.flatMap(({ args }) => args.map(({ key }) => key))
  const known = [...globals, ...scope.env.keys(), ...scope.args.keys()]
  const findings = scope.takeUnknown().map((name): Finding => {
    const message = `Usage of undefined variable '$${name}'${suggestion(name, known).replace('mean ', 'mean $')}`
    return { rule: 'UndefinedVar', message, lines }
  })
  const verb = { COPY: 'Copy', ADD: 'Add' }[instruction.instruction as string]
  if (!('sources' in instruction) || ('from' in instruction && instruction.from !== undefined))
    return findings
  const ignored = instruction.sources.filter((source) => !isRemote(source) && options.ignores?.(source))
  for (const source of ignored) {
    const message = `Attempting to ${verb} file ${JSON.stringify(source)} that is excluded by .dockerignore`
    findings.push({ rule: 'CopyIgnoredFile', message, lines })
  }
  return findings
}

/** Looks at whether a base image is for the platform that was asked for. */
export function checkPlatform(
  reference: string,
  { os, architecture, variant }: ImageConfigFile,
  wanted: Platform,
  lines: LineRange,
): Finding[] {
  if (os === wanted.os && architecture === wanted.architecture) return []
  const has = JSON.stringify(formatPlatform({ os, architecture, ...(variant && { variant }) }))
  const message = `Base image ${reference} was pulled with platform ${has}, expected ${JSON.stringify(formatPlatform(wanted))} for current build`
  return [{ rule: 'InvalidBaseImagePlatform', message, lines }]
}
