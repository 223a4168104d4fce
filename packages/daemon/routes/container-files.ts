import type { ContainerConfig } from '@gantry/api'
import { bodies } from '@gantry/api/shapes'
import type { ContainerFiles, ContainerPathStat } from '@gantry/engine'
import { GantryError } from '@gantry/errors'
import { empty, json, type Reply } from '../http/reply.ts'
import { type ApiRequest, get, head, post, put, type Route } from '../http/route.ts'

/** Files into and out of containers, and images of them. */
export function containerFileRoutes(files: ContainerFiles): Route[] {
  return [
    head('/containers/:id/archive', async (request) => {
      const stat = await files.stat(reference(request), pathOf(request))
      return { ...empty(200), headers: statHeader(stat) }
    }),
    get('/containers/:id/archive', (request) => archive(files, request)),
    put('/containers/:id/archive', async (request) => {
      const { query, body, signal } = request
      await files.extract(reference(request), pathOf(request), body, {
        keepKinds: query.flag('noOverwriteDirNonDir'),
        asUser: query.flag('copyUIDGID'),
        signal,
      })
      return empty(200)
    }),
    get('/containers/:id/export', async (request): Promise<Reply> => {
      const body = await files.export(reference(request), request.signal)
      const headers = { 'Content-Type': 'application/octet-stream' }
      return { kind: 'stream', status: 200, headers, body, lazy: true }
    }),
    get('/containers/:id/changes', async (request) => {
      const changes = await files.changes(reference(request))
      // Docker has no empty list here.
      return json(200, changes.length > 0 ? changes : null)
    }),
    post('/commit', (request) => commit(files, request)),
  ]
}

function reference({ params }: ApiRequest): string {
  return params.id ?? ''
}

function pathOf({ query }: ApiRequest): string {
  const path = query.text('path')
  if (path === '') throw new GantryError('InvalidParameter', 'bad parameter: pathcannot be empty')
  return path
}

async function archive(files: ContainerFiles, request: ApiRequest): Promise<Reply> {
  const { stat, body } = await files.archive(reference(request), pathOf(request), request.signal)
  const headers = { 'Content-Type': 'application/x-tar', ...statHeader(stat) }
  return { kind: 'stream', status: 200, headers, body, lazy: true }
}

function statHeader(stat: ContainerPathStat): Record<string, string> {
  return { 'X-Docker-Container-Path-Stat': Buffer.from(JSON.stringify(stat)).toString('base64') }
}

async function commit(files: ContainerFiles, { query, json: readBody }: ApiRequest): Promise<Reply> {
  const config = await readBody<ContainerConfig>(bodies.ImageCommit)
  const id = await files.commit(query.text('container'), {
    repo: query.optional('repo'),
    tag: query.optional('tag'),
    comment: query.optional('comment'),
    author: query.optional('author'),
    changes: query.all('changes'),
    pause: query.text('pause') === '' || query.flag('pause'),
    ...(config && { config }),
  })
  return json(201, { Id: id })
}
