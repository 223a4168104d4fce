import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { Shape } from '@gantry/api/shape'
import type { Query } from './query.ts'
import type { Reply } from './reply.ts'
import type { ApiVersion } from './version.ts'

/** A request as a route sees it. */
export interface ApiRequest {
  /** The named parts of the path, decoded. */
  params: Record<string, string>
  query: Query
  headers: IncomingHttpHeaders
  /** The API version that the client speaks. */
  version: ApiVersion
  /** The body as bytes. */
  body: Readable
  /** Aborted when the client has gone or the daemon stops. */
  signal: AbortSignal
  /** The body as JSON of that shape; undefined when it is empty. Throws InvalidParameter. */
  json<T>(shape: Shape): Promise<T | undefined>
}

export type Handler = (request: ApiRequest) => Promise<Reply> | Reply

/**
 * One endpoint. In `path`, `:name` stands for one segment and `*name` for one or more (image names hold slashes).
 * `hijacks` marks the endpoints whose connection may become a raw stream.
 */
export interface Route {
  method: string
  path: string
  handle: Handler
  hijacks?: boolean
}

const route = (method: string) => (path: string, handle: Handler) => ({ method, path, handle })

export const get = route('GET')
export const head = route('HEAD')
export const post = route('POST')
export const put = route('PUT')
export const del = route('DELETE')

/** For requests to upgrade to a WebSocket. */
export function webSocket(path: string, handle: Handler): Route {
  return { method: 'GET', path, handle, hijacks: true }
}

/** For requests whose connection may become a raw stream. */
export function hijack(path: string, handle: Handler): Route {
  return { method: 'POST', path, handle, hijacks: true }
}
