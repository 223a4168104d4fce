import { GantryError } from '@gantry/errors'

/** Splits at blanks outside of quotes, taking quotes and backslashes away, as the Dockerfile's ENV and LABEL do. */
export function splitWords(text: string): string[] {
  const words: string[] = []
  for (const [word] of text.matchAll(/(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+/gs))
    words.push(unquote(word))
  return words
}

function unquote(word: string): string {
  return word.replace(/"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/gs, (_match, double, single, escaped) =>
    double === undefined ? (single ?? escaped) : (double as string).replace(/\\(["\\$])/g, '$1'),
  )
}

/** `a=1 b="two words"`, or the old form `a the rest`. Throws InvalidParameter. */
export function parsePairs(instruction: string, text: string): [string, string][] {
  const [first = ''] = text.split(/\s/, 1)
  if (text === '') throw invalid(`${instruction} requires at least one argument`)
  if (!first.includes('=')) {
    const [, key = '', value] = /^(\S+)\s+(.+)$/s.exec(text) ?? []
    if (value === undefined) throw invalid(`${instruction} must have two arguments`)
    return [[key, value]]
  }
  return splitWords(text).map((word) => {
    const equals = word.indexOf('=')
    if (equals === 0) throw invalid(`${instruction} names can not be blank`)
    if (equals < 0) {
      throw invalid(`Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`)
    }
    return [word.slice(0, equals), word.slice(equals + 1)]
  })
}

function invalid(message: string): GantryError {
  return new GantryError('InvalidParameter', message)
}
