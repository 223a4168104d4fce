import { Readable } from 'node:stream'
import type { Operations } from '@gantry/api'
import { bodies } from '@gantry/api/shapes'
import type { AttachSession, ExecCreateRequest, Execs } from '@gantry/engine'
import { GantryError, isKind, messageOf } from '@gantry/errors'
import { streamType } from '../http/frames.ts'
import { empty, json, type Reply } from '../http/reply.ts'
import { type ApiRequest, get, hijack, post, type Route } from '../http/route.ts'
import { requiredSize, sizeOf } from './console-size.ts'

/** Further processes in running containers. */
export function execRoutes(execs: Execs): Route[] {
  return [
    post('/containers/:id/exec', async (request) => {
      const { id } = await execs.create(request.params.id ?? '', await createRequest(request))
      return json(201, { Id: id })
    }),
    hijack('/exec/:id/start', (request) => start(execs, request)),
    post('/exec/:id/resize', async ({ params, query }) => {
      await execs.resize(params.id ?? '', requiredSize(query))
      return empty(200)
    }),
    get('/exec/:id/json', async ({ params }) => json(200, await execs.inspect(params.id ?? ''))),
  ]
}

async function createRequest({ json: readBody, version }: ApiRequest): Promise<ExecCreateRequest> {
  const body = (await readBody<Operations['ContainerExec']['body']>(bodies.ContainerExec)) ?? {}
  if (!body.Cmd || body.Cmd.length === 0)
    throw new GantryError('InvalidParameter', 'No exec command specified')
  return {
    attachStdin: body.AttachStdin,
    attachStdout: body.AttachStdout,
    attachStderr: body.AttachStderr,
    tty: body.Tty,
    consoleSize: version < 42 ? undefined : sizeOf(body.ConsoleSize),
    detachKeys: body.DetachKeys,
    env: version < 25 ? undefined : body.Env,
    cmd: body.Cmd,
    privileged: body.Privileged,
    user: body.User,
    workingDir: version < 35 ? undefined : body.WorkingDir,
  }
}

async function start(execs: Execs, { params, version, json: readBody }: ApiRequest): Promise<Reply> {
  const body = (await readBody<Operations['ExecStart']['body']>(bodies.ExecStart)) ?? {}
  const consoleSize = version < 42 ? undefined : sizeOf(body.ConsoleSize)
  if (consoleSize && !body.Tty) {
    const problem = 'console size is only supported when TTY is enabled'
    throw new GantryError('InvalidParameter', problem)
  }
  const options = { detach: body.Detach, tty: body.Tty, consoleSize }
  const session = await startOrExplain(execs, params.id ?? '', options)
  if (!session) return empty(200)
  return { kind: 'hijack', contentType: streamType(session.terminal, version), session }
}

/**
 * Docker has left HTTP by the time a process fails to start, so it writes the reason into the stream, where its users
 * see it; the exit code (126, 127) is then in the exec's inspection.
 */
async function startOrExplain(
  execs: Execs,
  id: string,
  options: Parameters<Execs['start']>[1],
): Promise<AttachSession | null> {
  try {
    return await execs.start(id, options)
  } catch (error) {
    if (options.detach || isKind(error, 'NotFound') || isKind(error, 'Conflict')) throw error
    return explanation(messageOf(error), options.tty === true)
  }
}

function explanation(message: string, terminal: boolean): AttachSession {
  const output = Readable.from([{ stream: 'stdout', data: Buffer.from(`${message}\r\n`) }])
  return {
    terminal,
    output,
    stdin: null,
    close: () => output.destroy(),
    async [Symbol.asyncDispose]() {
      output.destroy()
    },
  }
}
