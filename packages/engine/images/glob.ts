/** Go's `path.Match`: `*` and `?` stop at slashes, `[a-z]` and `[^a]` are classes, `\` takes the next character as it is. */
import { GantryError } from '@gantry/errors'

/** One character of the text that fits, or `*`. */
type Step = '*' | ((character: string) => boolean)

/** Throws InvalidParameter `syntax error in pattern`, whatever the texts are. */
export function compileGlob(pattern: string): (text: string) => boolean {
  const steps = stepsOf([...pattern])
  return (text) => matches(steps, [...text])
}

function stepsOf(pattern: readonly string[]): Step[] {
  const steps: Step[] = []
  for (let at = 0; at < pattern.length; ) {
    const character = pattern[at]
    if (character === '[') {
      const [step, end] = classAt(pattern, at + 1)
      steps.push(step)
      at = end
    } else if (character === '*') {
      if (steps.at(-1) !== '*') steps.push('*')
      at++
    } else if (character === '?') {
      steps.push((each) => each !== '/')
      at++
    } else {
      const [literal, end] = character === '\\' ? memberAt(pattern, at) : [character, at + 1]
      steps.push((each) => each === literal)
      at = end
    }
  }
  return steps
}

/** A class whose `[` is left of `start`, and where the pattern goes on behind it. */
function classAt(pattern: readonly string[], start: number): [Step, number] {
  const isNegated = pattern[start] === '^'
  const ranges: [from: number, to: number][] = []
  let at = isNegated ? start + 1 : start
  while (pattern[at] !== ']' || ranges.length === 0) {
    const [from, afterFrom] = memberAt(pattern, at)
    const [to, afterTo] = pattern[afterFrom] === '-' ? memberAt(pattern, afterFrom + 1) : [from, afterFrom]
    ranges.push([codeOf(from), codeOf(to)])
    at = afterTo
  }
  const isMember = (code: number) => ranges.some(([from, to]) => from <= code && code <= to)
  return [(character) => isMember(codeOf(character)) !== isNegated, at + 1]
}

/** A character of a class, or one behind `\`, and where the pattern goes on. */
function memberAt(pattern: readonly string[], at: number): [string, number] {
  const isEscape = pattern[at] === '\\'
  const character = pattern[isEscape ? at + 1 : at]
  if (character === undefined || (!isEscape && (character === '-' || character === ']')))
    throw new GantryError('InvalidParameter', 'syntax error in pattern')
  return [character, isEscape ? at + 2 : at + 1]
}

const codeOf = (character: string): number => character.codePointAt(0) ?? 0

/** Only the last star is ever tried with more: that takes no longer than the product of the lengths. */
function matches(steps: readonly Step[], text: readonly string[]): boolean {
  let [step, at] = [0, 0]
  let star: { step: number; at: number } | null = null
  while (at < text.length || step < steps.length) {
    const wanted = steps[step]
    const character = text[at]
    if (wanted === '*') star = { step: ++step, at }
    else if (wanted && character !== undefined && wanted(character)) [step, at] = [step + 1, at + 1]
    else if (star && text[star.at] !== undefined && text[star.at] !== '/') {
      star.at++
      ;[step, at] = [star.step, star.at]
    } else return false
  }
  return true
}
