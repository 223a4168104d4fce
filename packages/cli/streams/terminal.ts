/** The user's terminal while a container's terminal is shown in it. */
import type { CommandContext } from '../framework/command.ts'

type Input = CommandContext['stdin']

/** Every key goes through as it is typed, until disposed of. Does nothing for an input that is no terminal. */
export function rawMode(stdin: Input): Disposable {
  if (!stdin.isTTY || stdin.setRawMode === undefined) return { [Symbol.dispose]: () => {} }
  const restore = () => void stdin.setRawMode?.(false)
  stdin.setRawMode(true)
  // Whatever ends the process, the user gets a terminal back that echoes.
  process.once('exit', restore)
  return {
    [Symbol.dispose]() {
      process.off('exit', restore)
      restore()
    },
  }
}

/** Throws if a terminal is asked for in the container but stdin, which is attached, is none. */
export function checkTerminal(
  context: Pick<CommandContext, 'stdin'>,
  attachStdin: boolean,
  tty: boolean,
): void {
  if (attachStdin && tty && !context.stdin.isTTY) throw new Error('the input device is not a TTY')
}

export interface TerminalSize {
  rows: number
  columns: number
}

/** The size of the terminal that shows the output; undefined if it is none. */
export function terminalSize(stdout: CommandContext['stdout']): TerminalSize | undefined {
  const { rows, columns } = stdout
  return stdout.isTTY && rows && columns ? { rows, columns } : undefined
}

/** How often and how long apart a size is sent to a process that may not have started yet. */
const attempts = 10
const pause = 10

/**
 * Keeps the container's terminal at the size of the user's, until disposed of. `resize` tells the engine. The first time
 * it is tried again for a while: the process may still be starting.
 */
export function followSize(
  { stdout, stderr }: Pick<CommandContext, 'stdout' | 'stderr'>,
  resize: (size: TerminalSize) => Promise<void>,
): Disposable {
  const send = async (): Promise<boolean> => {
    const size = terminalSize(stdout)
    if (size === undefined) return true
    return resize(size).then(
      () => true,
      () => false,
    )
  }
  let ended = false
  const first = async () => {
    for (let attempt = 0; attempt < attempts && !ended; attempt++) {
      if (await send()) return
      await new Promise((resolve) => setTimeout(resolve, pause * (attempt + 1)))
    }
    if (!ended) stderr.write('failed to resize tty, using default size\n')
  }
  const changed = () => void send()
  void first()
  process.on('SIGWINCH', changed)
  return {
    [Symbol.dispose]() {
      ended = true
      process.off('SIGWINCH', changed)
    },
  }
}
