/** `inspect`: finds an object of any kind. */
import type { Client } from '@gantry/client'
import { isKind } from '@gantry/errors'
import type { Inspected } from '../format/inspect.ts'
import {
  containerInspectType,
  imageInspectType,
  networkInspectType,
  volumeInspectType,
} from '../format/schemas/index.ts'
import type { CommandContext, Flags } from '../framework/command.ts'
import { inspectEach, rawAnswer } from './inspect-each.ts'

type Find = (client: Client, name: string, size: boolean) => Promise<Inspected>

/** The kinds of objects, in the order in which a name is looked for among them. */
const finders: Readonly<Record<string, Find>> = {
  container: async (client, id, size) => ({
    json: await rawAnswer(client, 'ContainerInspect', { path: { id }, query: { ...(size && { size }) } }),
    type: containerInspectType,
  }),
  image: async (client, name) => ({
    json: await rawAnswer(client, 'ImageInspect', { path: { name } }),
    type: imageInspectType,
  }),
  network: async (client, id) => ({
    json: await rawAnswer(client, 'NetworkInspect', { path: { id } }),
    type: networkInspectType,
  }),
  volume: async (client, name) => ({
    json: await rawAnswer(client, 'VolumeInspect', { path: { name } }),
    type: volumeInspectType,
  }),
}

/** Kinds that only a cluster has. */
const clusterTypes = ['config', 'node', 'plugin', 'secret', 'service', 'task']

/** `inspect`: all there is to know of objects, whatever kind they are of. */
export async function inspect(
  { client, stdout }: CommandContext,
  args: readonly string[],
  flags: Flags,
): Promise<void> {
  const type = flags.string('type')
  const size = flags.bool('size')
  const types = [...Object.keys(finders), ...clusterTypes].sort()
  const known = types.map((name) => JSON.stringify(name)).join(', ')
  if (flags.changed('type') && type === '') throw new Error(`type is empty: must be one of ${known}`)
  if (type !== '' && !types.includes(type)) {
    throw new Error(`unknown type: ${JSON.stringify(type)}: must be one of ${known}`)
  }
  await inspectEach(stdout, args, flags.string('format'), (name) => find(client, name, type, size))
}

async function find(client: Client, name: string, type: string, size: boolean): Promise<Inspected> {
  const finder = finders[type]
  if (finder) return finder(client, name, size)
  if (type === '') {
    for (const candidate of Object.values(finders)) {
      try {
        return await candidate(client, name, size)
      } catch (error) {
        // An id may also be malformed for one kind and right for another.
        if (!isKind(error, 'NotFound') && !isKind(error, 'InvalidParameter')) throw error
      }
    }
  }
  throw new Error(`Error: No such ${type || 'object'}: ${name}`)
}
