import type { Output } from '../framework/command.ts'

/** Writes advice that is no part of the result, marked as such: with colours at a terminal. */
export function writeNote(output: Output, text: string): void {
  const [first = '', ...more] = text.split('\n')
  if (!output.isTTY) {
    output.write(`\n Info -> ${[first, ...more.map((line) => `         ${line}`)].join('\n')}\n`)
    return
  }
  const italic = (line: string): string => `\x1b[3m${line}\x1b[0m`
  const badge = '\x1b[1m\x1b[106m\x1b[30mi\x1b[0m\x1b[0m \x1b[96mInfo → \x1b[0m\x1b[0m'
  output.write(`\n${[badge + italic(first), ...more.map((line) => `         ${italic(line)}`)].join('\n')}\n`)
}
