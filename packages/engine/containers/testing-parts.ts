/** Stand-ins for images, the runtime, networks and volumes. */

import { join } from 'node:path'
import { GantryError } from '@gantry/errors'
import type { NetworkRecord, Networks, Sandbox } from '@gantry/network'
import type { Runtime } from '@gantry/runtime'
import type { Volumes } from '@gantry/volumes'
import type { ContainerDependencies } from './dependencies.ts'
import type { Bench } from './testing.ts'
import { FakeTask } from './testing-task.ts'

export const imageId = `sha256:${'a'.repeat(64)}` as const

/** Knows one image, called busybox; its root file system is the directory. */
export function fakeImages(it: Bench, directory: string): ContainerDependencies['images'] {
  const images: ContainerDependencies['images'] = {
    commit: async () => ({ id: imageId, name: '' }),
    resolve: async (reference) => {
      if (reference.startsWith('busybox') || reference === it.image.id) return it.image
      throw new GantryError('NotFound', `No such image: ${reference}`)
    },
    rootfs: async () => [directory],
    inspect: async () => ({ Size: 1000 }),
  }
  return images
}

/** Makes tasks without processes, kept in `it.tasks`; fails to when the test has set `it.runtimeError`. */
export function fakeRuntime(it: Bench): Runtime {
  return {
    create: async (options) => {
      if (it.runtimeError) throw it.runtimeError
      const task = new FakeTask(options, it.clock)
      it.tasks.set(options.id, task)
      return task
    },
    expectProcess: () => {},
    load: async (id) => it.tasks.get(id) ?? null,
    purge: async (id) => {
      it.purged.push(id)
      it.tasks.delete(id)
    },
    leftovers: async () => [...it.tasks.values()].filter(({ deleted }) => !deleted).map(({ id }) => id),
  }
}

/** Knows two networks, `bridge` and `spec-n`, and makes sandboxes without namespaces, kept in `it.sandboxes`. */
export function fakeNetworks(it: Bench): Networks {
  const network = (name: string) =>
    ({ id: name.padEnd(64, '0'), name, driver: 'bridge', ipam: {} }) as NetworkRecord
  const known = ['bridge', 'spec-n'].map(network)
  const networks: Partial<Networks> = {
    restore: async () => {},
    list: () => known,
    find: (reference) => {
      const found = known.find(({ id, name }) => id === reference || name === reference)
      if (!found) throw new GantryError('NotFound', `network ${reference} not found`)
      return found
    },
    createSandbox: async (request) => {
      for (const { network: reference } of request.endpoints) networks.find?.(reference)
      const path = request.mode === 'host' ? null : `/run/netns/${request.containerId}`
      const sandbox: Sandbox = { containerId: request.containerId, path, endpoints: {}, ports: {} }
      it.sandboxes.set(request.containerId, sandbox)
      it.events.push('network connect')
      return sandbox
    },
    sandbox: (id) => it.sandboxes.get(id) ?? null,
    removeSandbox: async (id) => {
      if (it.sandboxes.delete(id)) it.events.push('network disconnect')
    },
    link: () => {},
    renameContainer: () => {},
  }
  return networks as Networks
}

/** Keeps volumes in `it.volumes` and counts who uses them; nothing is on the disk. */
export function fakeVolumes(it: Bench, directory: string): Volumes {
  const users = new Map<string, Set<string>>()
  const volumes: Partial<Volumes> = {
    create: async ({
      name = 'x'.repeat(64),
      driver = 'local',
      labels = {},
      options = {},
      anonymous = false,
    }) => {
      const mountpoint = join(directory, 'volumes', name)
      const record = it.volumes.get(name) ?? {
        name,
        driver,
        labels,
        options,
        anonymous,
        mountpoint,
        createdAt: '',
      }
      it.volumes.set(name, record)
      return record
    },
    list: () => [...it.volumes.values()],
    acquire: (name, id) => void users.set(name, (users.get(name) ?? new Set()).add(id)),
    release: (name, id) => void users.get(name)?.delete(id),
    users: (name) => [...(users.get(name) ?? [])],
    remove: async (name) => {
      if (users.get(name)?.size) throw new GantryError('Conflict', `remove ${name}: volume is in use`)
      it.volumes.delete(name)
    },
    mount: async (name) => it.volumes.get(name)?.mountpoint ?? '',
    unmount: async () => {},
    copyUp: async () => {},
  }
  return volumes as Volumes
}
