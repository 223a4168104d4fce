/** One stage: its instructions in order, each a step or a change of the configuration. */

import {
  at,
  DockerfileProblem,
  type Instruction,
  type LineRange,
  parseTrigger,
  type Stage,
  StageScope,
  withHiddenUsers,
} from '@gantry/dockerfile'
import { messageOf } from '@gantry/errors'
import {
  type HistoryEntry,
  type ImageConfigFile,
  type Platform,
  parsePlatform,
  type RunConfig,
} from '@gantry/oci'
import type { InstructionState, NamedImage, Step, Target } from '../contracts.ts'
import { checkInstruction, checkPlatform } from './checks.ts'
import { classicHistoryOf } from './classic-history.ts'
import { configure, makesLayer, stepInstructions, workingDirectory } from './configuration.ts'
import { copyStep } from './copy-step.ts'
import { historyComment, historyOf } from './history.ts'
import type { Planner } from './planner.ts'
import { runStep } from './run-step.ts'

/** Where a stage stands between two instructions. */
export interface StageState {
  step: Step | null
  config: RunConfig
  history: HistoryEntry[]
  /** What the image is for: that of its base image, which is not always that of the steps. */
  platform: Platform
  author?: string
}

/** What all steps of a stage have in common, and a number for each. */
export interface StagePlace {
  name: string
  description: string
  stage: string
  lines: LineRange
  platform: Platform
}

const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Each instruction has a state with all that came before it: what they take grows with the square of their number. */
const longestHistory = 1000

export class StagePlan {
  readonly planner: Planner
  readonly index: number
  readonly #stage: Stage
  readonly #platform: Platform
  #total = 0
  #number = 0

  constructor(planner: Planner, stage: Stage, index: number) {
    this.planner = planner
    this.index = index
    this.#stage = stage
    const platform = planner.globals.platform(stage)
    this.#platform = platform ? platformOf(platform, stage.lines) : planner.options.platform
  }

  async plan(): Promise<Target> {
    const { image, directory, args, ...base } = await this.#base()
    const { OnBuild: triggers = [], ...config } = base.config
    const state: StageState = { ...base, config, history: [...base.history] }
    const scope = this.#scope(config, args)
    const inherited = triggers.map((trigger) => ({ ...parseTrigger(trigger), lines: this.#stage.lines }))
    const commands = [...inherited, ...this.#stage.commands]
    const ownBase = image === undefined && directory === undefined ? 0 : 1
    this.#number = ownBase
    this.#total = ownBase + commands.filter(({ instruction }) => stepInstructions.has(instruction)).length
    if (image !== undefined)
      state.step = { kind: 'image', ...this.place(`FROM ${image.shown}`, this.#stage.lines), ...image }
    if (directory !== undefined) this.#takeDirectory(state, directory)
    const from = { source: this.#stage.source, instruction: 'FROM' }
    const states = [
      stateAfter(state, {
        ...from,
        triggered: false,
        made: image === undefined && directory === undefined ? null : state.step,
      }),
    ]
    let commandGiven = false
    for (const [index, command] of commands.entries()) {
      const before = state.step
      const instruction = scope.enter(command)
      const findings = checkInstruction(instruction, scope, this.planner)
      if (index >= inherited.length) this.planner.findings.push(...findings)
      const triggered = index < inherited.length
      await this.#apply(state, instruction, scope, { commandGiven, triggered })
      commandGiven ||= instruction.instruction === 'CMD'
      const made = state.step === before ? null : state.step
      states.push(stateAfter(state, { ...command, triggered, made }))
    }
    const { step, history, author, platform } = state
    const outcome = { step, config: state.config, history, platform, states, args: scope.args }
    return { ...outcome, ...(author && { author }) }
  }

  /** A stage whose base is a named context: all of its files. */
  #takeDirectory(state: StageState, name: string): void {
    const { lines } = this.#stage
    const copies = [{ origin: { kind: 'context' as const, name }, sources: ['/'], unpack: false }]
    const how = { link: false, parents: false, exclude: [] }
    const place = this.place(`FROM ${name}`, lines)
    state.step = { kind: 'copy', ...place, input: null, copies, dest: '/', ...how }
    state.history.push({ created_by: `FROM ${name}`, comment: historyComment })
  }

  #scope({ Env = [] }: RunConfig, args: Target['args'] = new Map()): StageScope {
    const { globals, options, dockerfile } = this.planner
    const pairs = Env.map((word): [string, string] => {
      const [name = ''] = word.split('=', 1)
      return [name, word.slice(name.length + 1)]
    })
    // The classic builder's stages have nothing but their image of each other.
    const how = options.classic ? { environmentWins: true } : { inherited: args }
    return new StageScope(globals, options.args, pairs, dockerfile.directives.escape, how)
  }

  /** The state that FROM gives; the files of an image only by its reference, since steps are not counted yet. */
  async #base(): Promise<StageState & { image?: NamedImage; directory?: string; args?: Target['args'] }> {
    const reference = this.planner.globals.base(this.#stage)
    const context = this.planner.namedContext(reference, this.#platform)
    const index = this.planner.indexOf(reference, this.index)
    if (context === null && index !== null) {
      const target = await this.planner.stage(index)
      return { ...stateOf(target), args: target.args }
    }
    const { platform } = this.planner.options
    const empty = { step: null, config: { Env: [defaultPath] }, history: [], platform }
    if (context === 'files') return { ...empty, directory: reference }
    if (reference === 'scratch' && context === null) return empty
    const image = context ?? { reference, shown: reference }
    const file = await this.planner.imageConfig(image, this.#platform, this.#stage.lines)
    this.planner.findings.push(...checkPlatform(image.shown, file, this.#platform, this.#stage.lines))
    return {
      ...stateOf({ ...file, step: null, config: withPath(file.config), platform: platformIn(file) }),
      image,
    }
  }

  /** Of a step `[linux/arm64 builder 2/5] RUN make`; `written` is what its instruction was before anything was replaced. */
  place(what: string, lines: LineRange, written = what): StagePlace {
    const label = this.planner.label(this.index)
    const stage = this.planner.platformLabel(this.#platform) + (label && `${label} `)
    const number = String(this.#number).padStart(String(this.#total).length)
    return {
      name: `[${stage}${number}/${this.#total}] ${what}`,
      description: `${stage && `[${stage.trimEnd()}] `}${written}`,
      stage: label,
      lines,
      platform: this.#platform,
    }
  }

  async #apply(
    state: StageState,
    instruction: Instruction,
    scope: StageScope,
    { commandGiven, triggered }: { commandGiven: boolean; triggered: boolean },
  ): Promise<void> {
    const { lines, source } = instruction
    const isStep = makesLayer(instruction, state.config)
    if (isStep) this.#number++
    const trigger = triggered ? 'ONBUILD ' : ''
    const written = withHiddenUsers(source.replace(/^\S+/, instruction.instruction))
    const shown = at(lines, () => scope.shown(instruction))
    const place = this.place(trigger + shown, lines, trigger + written)
    const args = [...scope.args].map(([name, value]) => `${name}=${value}`)
    const { classic } = this.planner.options
    const history = at(lines, () =>
      classic
        ? classicHistoryOf(withDefaults(instruction, scope), state.config, args.toSorted())
        : historyOf(instruction, state.config, declaredIn(scope)),
    )
    if (instruction.instruction === 'MAINTAINER') state.author = instruction.value
    if (instruction.instruction === 'RUN') state.step = await runStep(this, state, instruction, args, place)
    if (instruction.instruction === 'COPY' || instruction.instruction === 'ADD')
      state.step = await copyStep(this, state, instruction, place)
    if (instruction.instruction === 'WORKDIR' && isStep) {
      const path = workingDirectory(state.config, instruction.value)
      state.step = { kind: 'directory', ...place, input: state.step, path, user: state.config.User ?? '' }
    }
    state.config = at(lines, () => configure(state.config, instruction, commandGiven))
    if (instruction.instruction === 'CMD') {
      const { ArgsEscaped: _, ...config } = state.config
      // BuildKit marks every command so, for Windows' sake; the classic builder marks none here.
      state.config = classic ? config : { ...config, ArgsEscaped: true }
    }
    if (history) state.history.push(classic && state.author ? { ...history, author: state.author } : history)
    if (state.history.length > longestHistory)
      throw new DockerfileProblem(`more than ${longestHistory} instructions make one image`, lines)
  }
}

/** The arguments that BuildKit's history tells of: those of this stage, whatever has set them since. */
const declaredIn = (scope: StageScope): string[] =>
  scope.declared.map((name) => `${name}=${scope.get(name) ?? ''}`)

/** Throws DockerfileProblem. */
function platformOf(text: string, lines: LineRange): Platform {
  try {
    return parsePlatform(text)
  } catch (cause) {
    throw new DockerfileProblem(`failed to parse platform ${text}: ${messageOf(cause)}`, lines, { cause })
  }
}

/** The classic builder's history tells what the Dockerfile says of an argument, and not what was given. */
const withDefaults = (instruction: Instruction, { defaults }: StageScope): Instruction =>
  instruction.instruction === 'ARG'
    ? { ...instruction, args: instruction.args.map(({ key }) => ({ key, value: defaults.get(key) ?? null })) }
    : instruction

function stateAfter(
  { step, config, history, author }: StageState,
  of: Pick<InstructionState, 'source' | 'instruction' | 'triggered' | 'made'>,
): InstructionState {
  const { source, instruction, triggered, made } = of
  const state = { source, instruction, triggered, made, step, config, history: [...history] }
  return { ...state, ...(author !== undefined && { author }) }
}

function stateOf({
  step,
  config,
  history,
  platform,
  author,
}: Pick<Target, 'step' | 'config' | 'history' | 'platform' | 'author'>): StageState {
  return { step, config, history: [...history], platform, ...(author && { author }) }
}

const platformIn = ({ os, architecture, variant }: ImageConfigFile): Platform => ({
  os,
  architecture,
  ...(variant && { variant }),
})

function withPath(config: RunConfig): RunConfig {
  const { Env = [] } = config
  return { ...config, Env: Env.some((word) => word.startsWith('PATH=')) ? Env : [...Env, defaultPath] }
}
