import type { Operations } from '@gantry/api'
import { bodies } from '@gantry/api/shapes'
import type { ExecCreateRequest, Execs } from '@gantry/engine'
import { GantryError } from '@gantry/errors'
import { streamType } from '../http/frames.ts'
import { placeText } from '../http/notes.ts'
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
    // Of our own: the body of an exec, with an image of tools in the query.
    post('/containers/:id/debug', async (request) => {
      const image = request.query.optional('image')
      const wishes = await createRequest(request)
      const { id } = await execs.create(request.params.id ?? '', { ...wishes, debug: image ? { image } : {} })
      return json(201, { Id: id })
    }),
    hijack('/exec/:id/start', (request) => start(execs, request)),
    // Of our own, for a client that has lost its connection.
    hijack('/exec/:id/attach', async ({ params, version }) => {
      const session = await execs.rejoin(params.id ?? '')
      const contentType = streamType(session.terminal, version)
      return { kind: 'hijack', contentType, session, resumable: placeText(null) }
    }),
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

async function start(execs: Execs, { params, query, version, json: readBody }: ApiRequest): Promise<Reply> {
  const body = (await readBody<Operations['ExecStart']['body']>(bodies.ExecStart)) ?? {}
  const consoleSize = version < 42 ? undefined : sizeOf(body.ConsoleSize)
  if (consoleSize && !body.Tty) {
    const problem = 'console size is only supported when TTY is enabled'
    throw new GantryError('InvalidParameter', problem)
  }
  const resumable = query.flag('resumable')
  const options = { detach: body.Detach, tty: body.Tty, consoleSize, resumable }
  const session = await execs.start(params.id ?? '', options)
  if (!session) return empty(200)
  const contentType = streamType(session.terminal, version)
  return { kind: 'hijack', contentType, session, ...(resumable && { resumable: placeText(null) }) }
}
