/** `--security-opt`. */
import { readFileSync } from 'node:fs'
import { openError } from './key-values.ts'

export interface SecurityOptions {
  /** As the API takes them. */
  options: string[]
  /** `systempaths=unconfined`: nothing of /proc and /sys is hidden or made read-only. */
  unconfinedPaths: boolean
}

/** Reads all values; a seccomp profile is read from its file and sent as JSON. Throws RangeError with Docker's words. */
export function parseSecurityOptions(texts: readonly string[]): SecurityOptions {
  const options = texts.map((text) => {
    const separator = text.includes('=') ? '=' : ':'
    const [key, ...rest] = text.split(separator)
    const value = rest.join(separator)
    if (rest.length === 0 && text !== 'no-new-privileges') {
      throw new RangeError(`Invalid --security-opt: ${JSON.stringify(text)}`)
    }
    if (key !== 'seccomp' || value === 'unconfined' || value === 'builtin') return text
    return `seccomp=${readProfile(value)}`
  })
  const unconfined = 'systempaths=unconfined'
  return {
    options: options.filter((option) => option !== unconfined),
    unconfinedPaths: options.includes(unconfined),
  }
}

function readProfile(file: string): string {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new RangeError(`opening seccomp profile (${file}) failed: ${openError(file, error)}`)
  }
  try {
    return JSON.stringify(JSON.parse(text))
  } catch (error) {
    throw new RangeError(`compacting json for seccomp profile (${file}) failed: ${(error as Error).message}`)
  }
}
