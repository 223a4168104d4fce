/** Signals to the command line that are meant for the container. */

/** What Docker's client passes on, but for what ends any process or only concerns this one. */
const proxied: NodeJS.Signals[] = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGUSR1',
  'SIGUSR2',
  'SIGCONT',
  'SIGTSTP',
  'SIGALRM',
]

/** Sends every signal on through `kill` until disposed of. A container that cannot take it is none of the user's business. */
export function proxySignals(kill: (signal: string) => Promise<void>): Disposable {
  const forward = (signal: NodeJS.Signals) => void kill(signal.replace(/^SIG/, '')).catch(() => {})
  for (const signal of proxied) process.on(signal, forward)
  return {
    [Symbol.dispose]() {
      for (const signal of proxied) process.off(signal, forward)
    },
  }
}
