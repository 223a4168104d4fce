import { checkPullPolicy, createContainer } from '../container/create-container.ts'
import { type CreateBody, createRequest } from '../container/create-request.ts'
import { helpError } from '../container/run-error.ts'
import type { CommandRun } from '../framework/command.ts'

/** `gantry create`: makes a container and prints its id. */
export const create: CommandRun = async (context, args, flags) => {
  let body: CreateBody
  try {
    checkPullPolicy(flags.string('pull'))
    body = createRequest(args, flags, context.env)
  } catch (error) {
    throw helpError(error, context.program, 'create')
  }
  const id = await createContainer(context, body, flags)
  context.stdout.write(`${id}\n`)
}
