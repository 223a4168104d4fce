/** The live view of a build, as lines: what runs, for how long, and the last words of it. */
import { cut, widthOf } from '../format/columns.ts'

export interface ViewStep {
  name: string
  /** Milliseconds, of the same clock as `now`. */
  started: number
  ended?: number
  outcome?: 'done' | 'cached' | 'failed' | 'canceled'
  /** The last lines of its output. */
  last: readonly string[]
  /** What it is downloading, by name. */
  transfers: ReadonlyMap<string, string>
}

export interface ViewOptions {
  columns: number
  rows: number
  now: number
  started: number
  color: boolean
  /** The build is over: every step is shown, and no output. */
  finished?: boolean
}

/** Lines of output that are shown below a step that runs. */
export const shownOutput = 6

const paint = { done: '34', cached: '34', failed: '31', canceled: '33' } as const

/** The lines from the top, none longer than the terminal is wide, and not more than it has rows. */
export function renderView(steps: readonly ViewStep[], options: ViewOptions): string[] {
  const { columns, rows, now, started, finished = false } = options
  const ended = steps.filter((step) => step.ended !== undefined).length
  const head = `[+] Building ${seconds(now - started)} (${ended}/${steps.length})${finished ? ' FINISHED' : ''}`
  const blocks = steps.map((step) => block(step, options))
  if (!finished) fit(steps, blocks, rows - 2)
  return [head.slice(0, columns), ...blocks.flat()]
}

const seconds = (milliseconds: number): string => `${(Math.max(milliseconds, 0) / 1000).toFixed(1)}s`

/** A step's own line, its downloads, and the end of its output while it runs. */
function block(step: ViewStep, { columns, now, color, finished }: ViewOptions): string[] {
  const { name, started, ended, outcome, last, transfers } = step
  const mark = { done: '', cached: 'CACHED ', failed: 'ERROR ', canceled: 'CANCELED ' }[outcome ?? 'done']
  const time = seconds((ended ?? now) - started)
  const line = between(` => ${mark}${plain(name.replace(/\s+/g, ' '))}`, time, columns)
  const own = color && outcome ? `\u001b[${paint[outcome]}m${line}\u001b[0m` : line
  if (ended !== undefined || finished) return [own]
  const loading = [...transfers].map(([what, amount]) => between(` => => ${what}`, amount, columns))
  const output = last.slice(-shownOutput).map((text) => cut(plain(` => => # ${written(text)}`), columns))
  return [own, ...loading, ...output]
}

/** The text on the left, cut where it must be, and the other one at the right edge. */
function between(left: string, right: string, columns: number): string {
  const room = Math.max(columns - right.length - 1, 1)
  const shown = widthOf(left) > room ? `${cut(left, Math.max(room - 3, 0))}...` : left
  return cut(`${shown}${' '.repeat(Math.max(room - widthOf(shown), 0))} ${right}`, columns)
}

/** What a line shows in which the cursor went back to its beginning: tools tell their progress so. */
const written = (line: string): string => line.split('\r').findLast((text) => text !== '') ?? ''

/** Without what would move the cursor or change its colour. */
const plain = (text: string): string =>
  // Only a terminal needs the module, which takes a while to come up.
  process
    .getBuiltinModule('node:util')
    .stripVTControlCharacters(text)
    .replaceAll('\t', '    ')
    .replace(/\p{Cc}/gu, '')

/** Takes away output first, then steps that have ended, the oldest first. */
function fit(steps: readonly ViewStep[], blocks: string[][], rows: number): void {
  const height = (): number => blocks.reduce((sum, lines) => sum + lines.length, 0)
  for (const lines of blocks) while (lines.length > 2 && height() > rows) lines.splice(1, 1)
  for (const [index, step] of steps.entries()) {
    if (height() <= rows) return
    if (step.ended !== undefined) blocks[index] = []
  }
  for (const [index] of steps.entries()) {
    if (height() <= rows) return
    blocks[index] = []
  }
}
