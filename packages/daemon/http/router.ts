import { GantryError } from '@gantry/errors'
import type { Route } from './route.ts'

export interface Match {
  route: Route
  params: Record<string, string>
}

interface CompiledRoute {
  route: Route
  pattern: RegExp
}

/** Finds the route of a request. Routes are looked up by method and first segment, then tried in the order given. */
export class Router {
  readonly #groups = new Map<string, CompiledRoute[]>()

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      const key = groupKey(route.method, route.path)
      const group = this.#groups.get(key) ?? []
      group.push({ route, pattern: compile(route.path) })
      this.#groups.set(key, group)
    }
  }

  /** `path` is as it stood in the request, still percent-encoded. Throws InvalidParameter for a broken encoding. */
  match(method: string, path: string): Match | undefined {
    for (const { route, pattern } of this.#groups.get(groupKey(method, path)) ?? []) {
      const found = pattern.exec(path)
      if (found) return { route, params: decodeParams(found.groups ?? {}) }
    }
    return undefined
  }
}

function groupKey(method: string, path: string): string {
  return `${method} ${path.split('/', 2)[1] ?? ''}`
}

function compile(path: string): RegExp {
  // A container also answers to the name that a link of another gives it: `container/alias`.
  const name = path.startsWith('/containers/') ? '[^/]+(?:/[^/]+)?' : '[^/]+'
  const source = path
    .replaceAll('.', '\\.')
    .replace(/:(\w+)/g, `(?<$1>${name})`)
    .replace(/\*(\w+)/g, '(?<$1>.+)')
  return new RegExp(`^${source}$`)
}

function decodeParams(groups: Record<string, string>): Record<string, string> {
  try {
    return Object.fromEntries(
      Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]),
    )
  } catch (cause) {
    throw new GantryError('InvalidParameter', 'invalid URL escape in the request path', { cause })
  }
}
