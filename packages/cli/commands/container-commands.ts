import type { CommandLoader } from '../framework/command.ts'

const checkpoints = () => import('./checkpoint/checkpoints.ts')
const details = () => import('./container-details.ts')
const state = () => import('./container-state.ts')

/** Commands that create containers, change their state or talk with their processes. */
export const containerCommands: Record<string, CommandLoader> = {
  'checkpoint create': async () => (await checkpoints()).create,
  'checkpoint ls': async () => (await checkpoints()).list,
  'checkpoint rm': async () => (await checkpoints()).remove,
  'container attach': async () => (await import('./attach.ts')).attach,
  'container create': async () => (await import('./create.ts')).create,
  'container exec': async () => (await import('./exec.ts')).exec,
  'container kill': async () => (await state()).kill,
  'container pause': async () => (await state()).pause,
  'container port': async () => (await details()).port,
  'container rename': async () => (await state()).rename,
  'container restart': async () => (await state()).restart,
  'container rm': async () => (await state()).remove,
  'container run': async () => (await import('./run.ts')).run,
  'container start': async () => (await import('./start.ts')).start,
  'container stop': async () => (await state()).stop,
  'container top': async () => (await details()).top,
  'container unpause': async () => (await state()).unpause,
  'container update': async () => (await import('./update.ts')).update,
  'container wait': async () => (await import('./wait.ts')).wait,
  debug: async () => (await import('./debug.ts')).debug,
  daemon: async () => (await import('./daemon.ts')).daemon,
  'system dial-stdio': async () => (await import('./dial-stdio.ts')).dialStdio,
}
