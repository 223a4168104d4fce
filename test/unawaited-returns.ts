/**
 * Finds `return call()` behind a `using` in asynchronous functions: what the call works with is disposed of before it is done.
 * It goes by the indentation, which the formatter keeps.
 */

const indentation = (line: string): number => line.search(/\S/)

/** The names of all functions that are declared to give a promise. */
export function asynchronousNames(text: string): string[] {
  const declared =
    /\basync (?:function\*? )?(#?\w+)\s*[(<]|\bconst (\w+) = async\b|(#?\w+)\([^()]*\): Promise</g
  return [...text.matchAll(declared)].map(([, one, other, third]) => one ?? other ?? third ?? '')
}

const startsFunction = (line: string): boolean =>
  /(?:=>|\)(?:: .*)?) \{$/.test(line) && !/^\s*(?:\} )?(?:if|for|while|switch|catch|else)\b/.test(line)

/** Whether the function that a line is in is asynchronous, as far as its head says. */
function isAsynchronous(lines: readonly string[], at: number): boolean {
  let depth = indentation(lines[at] ?? '')
  for (let index = at - 1; index >= 0; index--) {
    const line = lines[index] ?? ''
    if (line === '' || indentation(line) >= depth) continue
    depth = indentation(line)
    if (!startsFunction(line)) continue
    // The head may go over several lines, of which the first and the last are as deep.
    let first = index
    if (/^\s*\)/.test(line))
      do first--
      while (indentation(lines[first] ?? '') !== depth)
    return /\basync\b|Promise</.test(lines.slice(first, index + 1).join(' '))
  }
  return true
}

/** The numbers of the lines, from 1, that return what a call of one of these names gives. */
export function unawaitedReturns(text: string, asynchronous: ReadonlySet<string>): number[] {
  const lines = text.split('\n')
  const found = new Set<number>()
  for (const [at, line] of lines.entries()) {
    if (!/^\s*(?:await )?using /.test(line) || !isAsynchronous(lines, at)) continue
    /** How deep the functions within are that the line is in. */
    const within: number[] = []
    for (let index = at + 1; index < lines.length; index++) {
      const each = lines[index] ?? ''
      if (each === '') continue
      if (indentation(each) < indentation(line)) break
      while (within.length > 0 && indentation(each) <= (within.at(-1) ?? 0)) within.pop()
      const called =
        /^\s*(?:.*\) |\} else |else |case .*: )?return (?:[\w.#?!]*[.?!])?(#?\w+)(?:<.*>)?\(/.exec(each)?.[1]
      if (within.length === 0 && called && asynchronous.has(called)) found.add(index + 1)
      if (startsFunction(each)) within.push(indentation(each))
    }
  }
  return [...found]
}
