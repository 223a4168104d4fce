import { ApiError } from '@gantry/client'
import { checkpointColumns } from '../../format/list/checkpoints.ts'
import { formatList } from '../../format/list/list.ts'
import type { CommandContext, CommandRun } from '../../framework/command.ts'

/** `checkpoint create`: writes the state of a container's processes to disk, and stops it unless it is to run on. */
export const create: CommandRun = async (context, [container = '', checkpoint = ''], flags) => {
  const directory = flags.string('checkpoint-dir')
  await experimental(context, 'create', () =>
    context.client.call('CheckpointCreate', {
      path: { id: container },
      body: {
        CheckpointID: checkpoint,
        ...(directory && { CheckpointDir: directory }),
        Exit: !flags.bool('leave-running'),
      },
    }),
  )
  context.stdout.write(`${checkpoint}\n`)
}

/** `checkpoint ls`. */
export const list: CommandRun = async (context, [container = ''], flags) => {
  const dir = flags.string('checkpoint-dir')
  const found = await experimental(context, 'ls', () =>
    context.client.call('CheckpointList', { path: { id: container }, query: dir ? { dir } : {} }),
  )
  context.stdout.write(formatList(found ?? [], checkpointColumns, 'table {{.Name}}'))
}

/** `checkpoint rm`. */
export const remove: CommandRun = async (context, [container = '', checkpoint = ''], flags) => {
  const dir = flags.string('checkpoint-dir')
  await experimental(context, 'rm', () =>
    context.client.call('CheckpointDelete', {
      path: { id: container, checkpoint },
      query: dir ? { dir } : {},
    }),
  )
}

async function experimental<T>(
  { program }: CommandContext,
  command: string,
  call: () => Promise<T>,
): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (!(error instanceof ApiError && /experimental feature is disabled/.test(error.message))) throw error
    const what = `${program} checkpoint ${command}`
    throw new Error(`${what} is only supported on a daemon with experimental features enabled`)
  }
}
