/** Differences between what was recorded and what came, and which of them are meant. */
import { readFileSync } from 'node:fs'

export interface Difference {
  readonly scenario: string
  /** Which command of the scenario, from 0. */
  readonly step: number
  readonly command: string
  /** What differs: `stdout`, `stderr`, `exit`; `status`, `headers`, `body` of an exchange. */
  readonly part: string
  readonly expected: string
  readonly actual: string
}

/** A difference that is meant, or that the machine of the recording made, and why. */
export interface ExpectedDifference {
  readonly scenario: string
  /** All steps without one. */
  readonly step?: number
  /** Every part without one. */
  readonly part?: string
  /** What must be Gantry's for the difference to be expected; `machine` for any pair. */
  readonly when: 'cli' | 'engine' | 'machine'
  readonly reason: string
  /** A mistake that is known and not yet corrected. */
  readonly open?: boolean
}

export interface Skip {
  readonly scenario: string
  readonly when: 'cli' | 'engine' | 'machine'
  readonly reason: string
}

export interface Expectations {
  readonly differences: readonly ExpectedDifference[]
  readonly skips: readonly Skip[]
}

/** What is Gantry's in this run. */
export interface Pair {
  readonly cli: boolean
  readonly engine: boolean
}

const applies = (when: Skip['when'], pair: Pair): boolean => when === 'machine' || pair[when]

/** The meant differences of a recording, for this pair of command line and engine. */
export function readExpectations(file: string, pair: Pair): Expectations {
  const all = JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as Expectations
  return {
    differences: all.differences.filter(({ when }) => applies(when, pair)),
    skips: all.skips.filter(({ when }) => applies(when, pair)),
  }
}

/** Why this difference is expected; undefined when it is not. */
export function expectationFor(
  difference: Difference,
  { differences }: Expectations,
): ExpectedDifference | undefined {
  return differences.find(
    ({ scenario, step, part }) =>
      scenario === difference.scenario &&
      (step === undefined || step === difference.step) &&
      (part === undefined || part === difference.part),
  )
}

/** A difference as a person reads it: the lines that are only on one side. */
export function describe(difference: Difference): string {
  const { scenario, step, command, part, expected, actual } = difference
  const lines = changedLines(expected.split('\n'), actual.split('\n'))
  return [
    `${scenario} #${step} ${part}`,
    `  $ ${command.split('\n')[0]}`,
    ...lines.map((line) => `  ${line}`),
  ].join('\n')
}

/** The lines of one side only, in order: all others are the longest sequence that both have. */
function changedLines(expected: readonly string[], actual: readonly string[]): string[] {
  const common = commonLengths(expected, actual)
  const lines: string[] = []
  let [left, right] = [0, 0]
  while (left < expected.length || right < actual.length) {
    if (left < expected.length && right < actual.length && expected[left] === actual[right]) {
      left++
      right++
    } else if (
      right >= actual.length ||
      (left < expected.length && at(common, left + 1, right) >= at(common, left, right + 1))
    ) {
      lines.push(`- ${expected[left++]}`)
    } else lines.push(`+ ${actual[right++]}`)
  }
  return lines
}

const at = (table: readonly (readonly number[])[], row: number, column: number): number =>
  table[row]?.[column] ?? 0

/** How many lines the rests from each pair of places have in common. */
function commonLengths(a: readonly string[], b: readonly string[]): number[][] {
  const table = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0))
  for (let i = a.length - 1; i >= 0; i--) {
    const row = table[i] as number[]
    for (let j = b.length - 1; j >= 0; j--) {
      row[j] =
        a[i] === b[j] ? at(table, i + 1, j + 1) + 1 : Math.max(at(table, i + 1, j), at(table, i, j + 1))
    }
  }
  return table
}
