import type { CommandRun } from '../framework/command.ts'

const checkpoints = () => import('./checkpoint/checkpoints.ts')
const details = () => import('./container-details.ts')
const state = () => import('./container-state.ts')

/** Loads a command that creates containers, changes their state or talks with their processes, by its canonical path. */
export async function containerCommand(path: string): Promise<CommandRun | undefined> {
  switch (path) {
    case 'checkpoint create':
      return (await checkpoints()).create
    case 'checkpoint ls':
      return (await checkpoints()).list
    case 'checkpoint rm':
      return (await checkpoints()).remove
    case 'container attach':
      return (await import('./attach.ts')).attach
    case 'container create':
      return (await import('./create.ts')).create
    case 'container exec':
      return (await import('./exec.ts')).exec
    case 'container kill':
      return (await state()).kill
    case 'container pause':
      return (await state()).pause
    case 'container port':
      return (await details()).port
    case 'container rename':
      return (await state()).rename
    case 'container restart':
      return (await state()).restart
    case 'container rm':
      return (await state()).remove
    case 'container run':
      return (await import('./run.ts')).run
    case 'container start':
      return (await import('./start.ts')).start
    case 'container stop':
      return (await state()).stop
    case 'container top':
      return (await details()).top
    case 'container unpause':
      return (await state()).unpause
    case 'container update':
      return (await import('./update.ts')).update
    case 'container wait':
      return (await import('./wait.ts')).wait
    case 'debug':
      return (await import('./debug.ts')).debug
    case 'daemon':
      return (await import('./daemon.ts')).daemon
    case 'system dial-stdio':
      return (await import('./dial-stdio.ts')).dialStdio
    default:
      return undefined
  }
}
