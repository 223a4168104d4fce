/** The terminal while `image explore` has it: its other screen, raw keys, no cursor. */
import type { CommandContext } from '../../../framework/command.ts'
import { rawMode, terminalSize } from '../../../streams/terminal.ts'
import { draw, pageOf } from './draw.ts'
import type { Layer } from './layers.ts'
import { ExploreState } from './state.ts'

const enter = '\x1b[?1049h\x1b[?25l'
const leave = '\x1b[?25h\x1b[?1049l'
const home = '\x1b[H'
const clearLine = '\x1b[K'
const clearRest = '\x1b[J'

const smallest = { rows: 24, columns: 80 }

/** Shows the layers until the user leaves, or the terminal does. */
export async function showLayers({ stdin, stdout }: CommandContext, layers: readonly Layer[]): Promise<void> {
  const state = new ExploreState(layers)
  const size = () => terminalSize(stdout) ?? smallest
  const paint = () => {
    const lines = draw(state, size()).map((line) => `${line}${clearLine}`)
    stdout.write(`${home}${lines.join('\r\n')}${clearRest}`)
  }
  using _ = rawMode(stdin)
  const restore = () => stdout.write(leave)
  stdout.write(enter)
  process.on('SIGWINCH', paint)
  try {
    paint()
    for await (const bytes of stdin) {
      for (const key of keysOf(String(bytes))) if (!state.press(key, pageOf(size()))) return
      paint()
    }
  } finally {
    process.off('SIGWINCH', paint)
    restore()
  }
}

const escapeByte = '\x1b'
const sequence = new RegExp(`${escapeByte}(?:\\[[0-9;]*[A-Za-z~]|O[A-Z])?|[^${escapeByte}]`, 'gu')

/** What was typed, key by key: an escape sequence is one. */
export const keysOf = (text: string): string[] => text.match(sequence) ?? []
