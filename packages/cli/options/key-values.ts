/** Environment variables and labels, given one by one or in files. */
import { readFileSync } from 'node:fs'
import { reasonOf } from '../files/local-error.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Rejects a variable without a name. */
export function checkVariable(text: string): void {
  if (text === '' || text.startsWith('=')) throw new RangeError(`invalid environment variable: ${text}`)
}

/** Rejects a label without a name. */
export function checkLabel(text: string): void {
  if (text === '' || text.startsWith('=')) throw new RangeError(`invalid label '${text}': empty name`)
}

/**
 * The variables of the files, then those given one by one. A name without a value takes the caller's own; it is left out
 * of a file, and unset (name alone) on the command line, when the caller has none.
 */
export function readVariables(
  files: readonly string[],
  given: readonly string[],
  env: Environment,
): string[] {
  const fromFiles = files.flatMap((file) => readLines(file, (name) => env[name]))
  const own = given.map((text) =>
    text.includes('=') || env[text] === undefined ? text : `${text}=${env[text]}`,
  )
  return [...fromFiles, ...own]
}

/** The labels of the files, then those given one by one. */
export function readLabels(files: readonly string[], given: readonly string[]): Record<string, string> {
  const texts = [...files.flatMap((file) => readLines(file, undefined)), ...given]
  return Object.fromEntries(
    texts.map((text) => {
      const [key = '', ...value] = text.split('=')
      return [key, value.join('=')]
    }),
  )
}

/**
 * Lines `KEY=value` of a file: blank lines and lines starting with # are skipped, blanks before the key are dropped. For a
 * key alone `lookup` tells the value; what it does not know is left out; without it the key stands alone.
 */
function readLines(file: string, lookup: ((name: string) => string | undefined) | undefined): string[] {
  const invalid = (reason: string) => new RangeError(`invalid env file (${file}): ${reason}`)
  const lines = splitLines(readBytes(file))
  return lines.flatMap((bytes, index) => {
    const text = decodeUtf8(bytes)
    if (text === undefined) throw invalid(`invalid utf8 bytes at line ${index + 1}: [${bytes.join(' ')}]`)
    const line = trimStart(index === 0 ? text.replace(/^\uFEFF/, '') : text)
    if (line === '' || line.startsWith('#')) return []
    const equals = line.indexOf('=')
    const key = equals < 0 ? line : line.slice(0, equals)
    if (/[\t\n\v\f\r \u0085\u00a0]/.test(key)) throw invalid(`variable '${key}' contains whitespaces`)
    if (key === '') throw invalid(`no variable name on line '${line}'`)
    if (equals >= 0) return [line]
    const value = lookup?.(key)
    if (lookup === undefined) return [key]
    return value === undefined ? [] : [`${key}=${value}`]
  })
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    const reason = openError(file, error)
    const isDirectory = (error as NodeJS.ErrnoException).code === 'EISDIR'
    throw new RangeError(isDirectory ? `invalid env file (${file}): ${reason}` : reason)
  }
}

/** Lines without their ends (LF or CR LF). */
function splitLines(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = []
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(10, start)
    const end = newline < 0 ? bytes.length : newline
    lines.push(bytes.subarray(start, end > start && bytes[end - 1] === 13 ? end - 1 : end))
    start = end + 1
  }
  return lines
}

function decodeUtf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

const trimStart = (text: string) => text.replace(/^[\t\n\v\f\r \u0085\u00a0]+/, '')

/** Why a file could not be opened, in the words Go has for it: `open x: no such file or directory`. */
export function openError(file: string, error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  if (code === 'EISDIR') return `read ${file}: is a directory`
  return `open ${file}: ${reasonOf(error)}`
}
