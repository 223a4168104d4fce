import type { Shape } from '@gantry/api/shape'
import type { Checkpoints } from '@gantry/engine'
import { GantryError } from '@gantry/errors'
import { empty, json } from '../http/reply.ts'
import { type ApiRequest, del, get, type Handler, post, type Route } from '../http/route.ts'

interface CreateBody {
  CheckpointID?: string
  CheckpointDir?: string
  Exit?: boolean
}

const createShape: Shape = {
  fields: { CheckpointID: 'string', CheckpointDir: 'string', Exit: 'boolean' },
}

/** Checkpoints of containers; only with `--experimental`, and in no version's document. */
export function checkpointRoutes(
  checkpoints: Checkpoints,
  { experimental }: { experimental: boolean },
): Route[] {
  const guarded = (handler: Handler): Handler => (experimental ? handler : disabled)
  return [
    post(
      '/containers/:id/checkpoints',
      guarded(async ({ params, json: readBody }) => {
        const body = (await readBody<CreateBody>(createShape)) ?? {}
        const { CheckpointID: id = '', CheckpointDir: directory, Exit: exit = false } = body
        await checkpoints.create(params.id ?? '', { id, directory }, { exit })
        return empty(201)
      }),
    ),
    get(
      '/containers/:id/checkpoints',
      guarded(async ({ params, query }) => {
        const found = await checkpoints.list(params.id ?? '', query.optional('dir'))
        return json(200, found.length > 0 ? found.map((Name) => ({ Name })) : null)
      }),
    ),
    del(
      '/containers/:id/checkpoints/:checkpoint',
      guarded(async (request) => {
        await checkpoints.remove(request.params.id ?? '', referenceOf(request))
        return empty(204)
      }),
    ),
  ]
}

function referenceOf({ params, query }: ApiRequest) {
  return { id: params.checkpoint ?? '', directory: query.optional('dir') }
}

const disabled: Handler = () => {
  throw new GantryError(
    'NotImplemented',
    'This experimental feature is disabled by default. Start the Docker daemon in experimental mode in order to enable it.',
  )
}
