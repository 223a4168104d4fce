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
export function reasonFor(difference: Difference, { differences }: Expectations): string | undefined {
  return differences.find(
    ({ scenario, step, part }) =>
      scenario === difference.scenario &&
      (step === undefined || step === difference.step) &&
      (part === undefined || part === difference.part),
  )?.reason
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

function changedLines(expected: readonly string[], actual: readonly string[]): string[] {
  let start = 0
  while (start < expected.length && start < actual.length && expected[start] === actual[start]) start++
  let end = 0
  while (
    end < Math.min(expected.length, actual.length) - start &&
    expected[expected.length - 1 - end] === actual[actual.length - 1 - end]
  )
    end++
  return [
    ...expected.slice(start, expected.length - end).map((line) => `- ${line}`),
    ...actual.slice(start, actual.length - end).map((line) => `+ ${line}`),
  ]
}
