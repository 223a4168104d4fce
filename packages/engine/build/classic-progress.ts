/** What `POST /build` tells: the classic builder's words, one instruction after the other. */
import { randomBytes } from 'node:crypto'
import { type BuildEvent, type PlannedInstruction, StepError, StepFailure } from '@gantry/build'
import { type Digest, digestOf, isDigest, serializeImageConfig } from '@gantry/oci'
import type { ProgressMessage } from '../contracts.ts'
import type { Intermediates } from '../images/intermediates.ts'
import { classicError, fromOf, isImageOf } from './classic-errors.ts'
import { KeptMessages } from './kept-output.ts'

export interface ClassicOptions {
  /** Tell nothing but the image's id, unless the build fails. */
  quiet: boolean
  /** Tell that containers are removed: of steps that went well, of all. */
  remove: boolean
  forceRemove: boolean
  noCache: boolean
}

/** What has come from a step: it waits until the instructions before it have been told. */
interface Heard {
  messages: KeptMessages
  /** Of characters that come in pieces where the output is cut. */
  decoders: Record<'stdout' | 'stderr', TextDecoder>
  /** Null until it is known. */
  cached: boolean | null
}

type State = Extract<BuildEvent, { type: 'state' }>

/** Instructions that the classic builder runs without a container. */
const withoutContainer = new Set(['COPY', 'ADD'])

/** States of earlier builds, by their ids: to tell what is new from what was there. */
export type KnownStates = Pick<Intermediates, 'has' | 'note'>

/** Twelve digits, as they are shown. */
const short = (id: string): string => id.replace('sha256:', '').slice(0, 12)

export class ClassicProgress {
  readonly #write: (message: ProgressMessage) => void
  readonly #options: ClassicOptions
  readonly #known: KnownStates
  /** Of a quiet build, for when it fails. */
  readonly #kept = new KeptMessages()
  readonly #heard = new Map<string, Heard>()
  readonly #names = new Map<number, string>()
  #plan: readonly PlannedInstruction[] = []
  /** The instruction that is being told. */
  #at = 0
  /** The last result: what it was made upon, in this stage, and whether this build made it. */
  #last: { id: Digest; parent: Digest | null; isNew: boolean } | null = null
  /** The id of its container, once that has been told. */
  #container: string | null = null

  constructor(tell: (message: ProgressMessage) => void, known: KnownStates, options: ClassicOptions) {
    this.#write = tell
    this.#known = known
    this.#options = options
  }

  event(event: BuildEvent): void {
    switch (event.type) {
      case 'plan':
        this.#plan = event.instructions
        this.#begin()
        return
      case 'state':
        this.#reach(event)
        return
      case 'warning':
        this.#stream(`[Warning] ${event.message}\n`)
        return
      case 'unused-arguments':
        this.#stream(`[Warning] One or more build-args [${event.names.join(' ')}] were not consumed\n`)
        return
      case 'step':
        this.#names.set(event.id, event.name)
        this.#heard.set(event.name, newlyHeard())
        return
      default:
        this.#hear(event)
    }
  }

  #hear(event: Extract<BuildEvent, { type: 'log' | 'progress' | 'end' }>): void {
    const name = this.#names.get(event.id) ?? ''
    const heard = this.#heard.get(name)
    if (!heard) return
    if (event.type === 'end') heard.cached = event.cached && event.error === undefined
    else heard.messages.add(messageFor(event, heard))
    if (this.#plan[this.#at]?.step === name) this.#tellHeard(heard)
  }

  /** The line of the next instruction. Global arguments have no result of their own; triggers are not counted. */
  #begin(): void {
    const planned = this.#plan[this.#at]
    if (!planned) return
    this.#container = null
    const counted = this.#plan.filter(({ triggered }) => !triggered)
    if (!planned.triggered)
      this.#stream(`Step ${counted.indexOf(planned) + 1}/${counted.length} : ${planned.source}\n`)
    const isGlobal = this.#plan.findIndex(({ instruction }) => instruction === 'FROM') > this.#at
    if (isGlobal) {
      this.#at++
      this.#begin()
      return
    }
    const heard = this.#heard.get(planned.step ?? '')
    if (heard) this.#tellHeard(heard)
  }

  #tellHeard(heard: Heard): void {
    const planned = this.#plan[this.#at]
    if (planned?.instruction !== 'FROM' && (!heard.messages.isEmpty || heard.cached === false))
      this.#running()
    for (const message of heard.messages.take()) this.#tell(message)
  }

  #running(): void {
    const { instruction = '' } = this.#plan[this.#at] ?? {}
    if (this.#container !== null || withoutContainer.has(instruction)) return
    this.#container = randomBytes(6).toString('hex')
    this.#stream(` ---> Running in ${this.#container}\n`)
  }

  #removed(): void {
    if (this.#container !== null) this.#stream(`Removing intermediate container ${this.#container}\n`)
  }

  #reach({ index, config, id: image }: State): void {
    const planned = this.#plan[index]
    if (!planned || index !== this.#at) return
    const id = image ?? digestOf(serializeImageConfig(config))
    const isBase = planned.instruction === 'FROM'
    const isEmpty = isBase && config.diffIds.length === 0 && config.history.length === 0
    if (!isBase) this.#result(planned, id)
    const parent = isBase ? null : (this.#last?.id ?? null)
    const isNew = this.#known.note(id, image || isEmpty ? undefined : config, parent)
    this.#last = isEmpty ? null : { id, parent, isNew }
    const triggers = isBase ? this.#triggers() : 0
    if (triggers > 0) this.#stream(`# Executing ${triggers} build trigger${triggers > 1 ? 's' : ''}\n`)
    if (!this.#plan[index + 1]?.triggered) {
      this.#stream(` ---> ${isEmpty ? '' : short(id)}\n`)
    }
    if (planned.endsStage) this.#aux(id)
    this.#at++
    this.#begin()
  }

  #result(planned: PlannedInstruction, id: Digest): void {
    const heard = planned.step === undefined ? undefined : this.#heard.get(planned.step)
    const isCached = heard?.cached ?? (!this.#options.noCache && this.#known.has(id))
    if (isCached) {
      this.#stream(' ---> Using cache\n')
      return
    }
    this.#running()
    if (this.#options.remove || this.#options.forceRemove) this.#removed()
  }

  /** How many of the instructions that follow come from the base image. */
  #triggers(): number {
    const following = this.#plan.slice(this.#at + 1)
    const end = following.findIndex(({ triggered }) => !triggered)
    return end < 0 ? following.length : end
  }

  /** The image, and what it was made upon; null when that is known already. */
  lineage(id: string): { id: Digest; parent: Digest } | null {
    const last = this.#last
    return last?.id === id && last.isNew && last.parent ? { id: last.id, parent: last.parent } : null
  }

  /** `names` as users write them. */
  done(id: string, names: readonly string[]): void {
    // Squashed, or with its cache in it, it is another one than the last instruction's.
    if (this.#last?.id !== id && isDigest(id)) this.#aux(id)
    if (this.#options.quiet) {
      this.#write({ stream: `${id}\n` })
      return
    }
    this.#stream(`Successfully built ${short(id)}\n`)
    for (const name of names) this.#stream(`Successfully tagged ${name}\n`)
  }

  /** The end of a build whose answer has begun: clients take the code of a step for their own. */
  failed(error: unknown): void {
    if (error instanceof StepError) this.#goTo(error)
    const { step } = this.#plan[this.#at] ?? {}
    const heard = this.#heard.get(step ?? '')
    if (heard) this.#tellHeard(heard)
    if (this.#options.forceRemove) this.#removed()
    for (const message of this.#kept.take()) this.#write(message)
    const message = classicError(error, this.#plan[this.#at])
    const cause = error instanceof StepError ? error.cause : error
    const code = cause instanceof StepFailure ? { code: cause.exitCode } : {}
    this.#write({ errorDetail: { ...code, message }, error: message })
  }

  /** To a step that has failed while those of earlier stages, which are told first, were still running. */
  #goTo(error: StepError): void {
    const isIts = ({ step, source }: PlannedInstruction): boolean =>
      step === error.step || isImageOf(error, fromOf(source) ?? source)
    const index = this.#plan.findIndex((planned, at) => at >= this.#at && isIts(planned))
    if (index <= this.#at) return
    this.#at = index
    this.#begin()
  }

  #stream(stream: string): void {
    this.#tell({ stream })
  }

  #tell(message: ProgressMessage): void {
    if (!this.#options.quiet) this.#write(message)
    else if (message.stream !== undefined) this.#kept.add(message)
  }

  /** Clients take the last one for the image's id; a quiet build tells it too. */
  #aux(id: Digest): void {
    this.#write({ aux: { ID: id } })
  }
}

function newlyHeard(): Heard {
  const decoder = (): TextDecoder => new TextDecoder('utf-8', { ignoreBOM: true })
  return { messages: new KeptMessages(), decoders: { stdout: decoder(), stderr: decoder() }, cached: null }
}

/** What a step writes on its standard error is told in red. */
function messageFor(
  event: Extract<BuildEvent, { type: 'log' | 'progress' }>,
  { decoders }: Heard,
): ProgressMessage {
  if (event.type === 'progress') {
    const { what, current, total } = event
    return { status: 'Downloading', id: what, progressDetail: { current, total } }
  }
  const text = decoders[event.stream].decode(event.data, { stream: true })
  return { stream: event.stream === 'stderr' ? `\u001b[91m${text}\u001b[0m` : text }
}
