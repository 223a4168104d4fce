/** Endpoints of parts that this engine does not have (yet), answered so that clients know where they are. */
import { GantryError } from '@gantry/errors'
import { json } from '../http/reply.ts'
import { del, get, type Handler, post, type Route } from '../http/route.ts'

const notManager: Handler = () => {
  const advice = 'Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.'
  throw new GantryError('Unavailable', `This node is not a swarm manager. ${advice}`)
}

const notInSwarm: Handler = () => {
  throw new GantryError('Unavailable', 'This node is not part of a swarm')
}

const missing =
  (what: string): Handler =>
  () => {
    throw new GantryError('NotImplemented', `${what} is not available in this version of Gantry`)
  }

const pluginNotFound: Handler = ({ params }) => {
  throw new GantryError('NotFound', `plugin ${JSON.stringify(params.name)} not found`)
}

/** Swarm objects by their collection; each has list, inspect, create, update and remove. */
const swarmCollections = ['nodes', 'services', 'tasks', 'secrets', 'configs']

/** Swarm and plugins: each says in Docker's words that it is not there. */
export function absentRoutes(): Route[] {
  return [
    get('/swarm', notManager),
    get('/swarm/unlockkey', notManager),
    post('/swarm/leave', notInSwarm),
    post('/swarm/update', notManager),
    post('/swarm/unlock', notInSwarm),
    post('/swarm/init', missing('swarm mode')),
    post('/swarm/join', missing('swarm mode')),
    ...swarmCollections.flatMap((name) => [
      get(`/${name}`, notManager),
      get(`/${name}/:id`, notManager),
      get(`/${name}/:id/logs`, notManager),
      post(`/${name}/create`, notManager),
      post(`/${name}/:id/update`, notManager),
      del(`/${name}/:id`, notManager),
    ]),
    get('/plugins', () => json(200, [])),
    get('/plugins/*name/json', pluginNotFound),
    del('/plugins/*name', pluginNotFound),
  ]
}
