/** Where the next page of a list is: the Link header (RFC 8288). */

const longestHeader = 16 * 1024

/** The target of the first link whose relation is `next`; undefined when there is none. It may be relative. */
export function nextLink(lines: string | readonly string[] | undefined): string | undefined {
  for (const line of [lines ?? []].flat()) {
    for (const { target, relations } of links(line.slice(0, longestHeader)))
      if (relations.includes('next')) return target
  }
  return undefined
}

function* links(text: string): Generator<{ target: string; relations: string[] }> {
  let at = 0
  for (;;) {
    const open = text.indexOf('<', at)
    const close = open < 0 ? -1 : text.indexOf('>', open)
    if (close < 0) return
    const end = endOfParameters(text, close + 1)
    yield { target: text.slice(open + 1, close), relations: relationsOf(text.slice(close + 1, end)) }
    at = end + 1
  }
}

/** The comma that ends a link's parameters: one that is not within quotes. */
function endOfParameters(text: string, from: number): number {
  let quoted = false
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\' && quoted) at++
    else if (text[at] === '"') quoted = !quoted
    else if (text[at] === ',' && !quoted) return at
  }
  return text.length
}

const parameter = /;[ \t]*([^\s=;,"]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*))/g

function relationsOf(parameters: string): string[] {
  for (const [, name = '', quoted, bare = ''] of parameters.matchAll(parameter))
    if (name.toLowerCase() === 'rel') return (quoted ?? bare).toLowerCase().split(/[ \t]+/)
  return []
}
