import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRequestFor } from './container-create.ts'
import { inspectFor, summaryFor } from './containers.ts'
import { legacyDiskUsage, withoutItems } from './disk-usage.ts'
import { eventFor, isToldTo } from './events.ts'
import { imageInspectFor, imageSummaryFor } from './images.ts'
import { kernelMemoryWarnings } from './kernel-memory.ts'
import { networkFor, networkListItemFor } from './networks.ts'
import { infoFor, versionFor } from './system.ts'

const id = 'a'.repeat(64)

test('creating: what a version did not know is dropped, what it took for granted is filled in', () => {
  const body = {
    Image: 'i',
    HostConfig: {
      AutoRemove: true,
      ConsoleSize: [1, 2],
      Annotations: { a: 'b' },
      Mounts: [{ Target: '/x' }],
    },
  }
  assert.deepEqual(createRequestFor(55, body).hostConfig, body.HostConfig)
  assert.deepEqual(createRequestFor(42, body).hostConfig, {
    AutoRemove: true,
    ConsoleSize: [1, 2],
    Mounts: [{ Target: '/x' }],
  })
  assert.deepEqual(createRequestFor(24, body).hostConfig, { IpcMode: 'shareable', CgroupnsMode: 'host' })
  assert.deepEqual(createRequestFor(40, {}).hostConfig, { CgroupnsMode: 'host' })
})

test('creating: the one MAC address of older clients belongs to the main network', () => {
  const body = { MacAddress: '02:00:00:00:00:01', HostConfig: { NetworkMode: 'mine' } }
  assert.deepEqual(createRequestFor(41, body).networkingConfig, {
    EndpointsConfig: { mine: { MacAddress: '02:00:00:00:00:01' } },
  })
  assert.deepEqual(createRequestFor(52, body).networkingConfig, {})
  const other = {
    ...body,
    NetworkingConfig: { EndpointsConfig: { mine: { MacAddress: '02:00:00:00:00:02' } } },
  }
  assert.throws(() => createRequestFor(44, other), /must match the endpoint-specific MAC address/)
})

test('creating: several networks need 1.44, subpaths 1.45', () => {
  const several = { NetworkingConfig: { EndpointsConfig: { b: {}, a: {} } } }
  assert.throws(() => createRequestFor(43, several), {
    message: 'Container cannot be connected to network endpoints: a, b',
  })
  createRequestFor(44, several)
  const subpath = { HostConfig: { Mounts: [{ VolumeOptions: { Subpath: 'x' } }] } }
  assert.throws(() => createRequestFor(44, subpath), {
    message: 'VolumeOptions.Subpath needs API v1.45 or newer',
  })
})

test('kernel memory: a limit is discarded with a warning until 1.41, not looked at since', () => {
  const warning = /^Your kernel does not support kernel memory limit capabilities .* Limitation discarded\.$/
  assert.match(kernelMemoryWarnings(41, { KernelMemory: 2 ** 26 }).join(), warning)
  assert.throws(() => kernelMemoryWarnings(40, { KernelMemory: 1000 }), {
    message: 'Minimum kernel memory limit allowed is 6MB',
  })
  assert.deepEqual(createRequestFor(47, { HostConfig: { KernelMemory: 5 } }).hostConfig, {})
  assert.deepEqual(kernelMemoryWarnings(42, { KernelMemory: 1000 }), [])
  for (const request of [undefined, {}, { KernelMemory: 0 }])
    assert.deepEqual(kernelMemoryWarnings(41, request), [])
})

test('creating: read-only binds were not recursive before 1.44', () => {
  const body = { HostConfig: { Mounts: [{ ReadOnly: true, BindOptions: { CreateMountpoint: true } }] } }
  assert.deepEqual(createRequestFor(41, body).hostConfig.Mounts, [
    { ReadOnly: true, BindOptions: { ReadOnlyNonRecursive: true } },
  ])
  assert.deepEqual(createRequestFor(44, body).hostConfig.Mounts, body.HostConfig.Mounts)
})

test('inspecting: the default network beside the map of all, until 1.51', () => {
  const container = {
    Id: id,
    NetworkSettings: {
      Ports: {},
      Networks: {
        bridge: { IPAddress: '10.0.0.2', GwPriority: 0, DNSNames: null as unknown as string[] },
        mine: { IPAddress: '10.0.1.2', Aliases: ['web'], GwPriority: 1, DNSNames: ['web'] },
      },
    },
  }
  assert.equal(inspectFor(52, container), container)
  const old = inspectFor(41, container) as { NetworkSettings: Record<string, unknown>; HostConfig: unknown }
  assert.equal(old.NetworkSettings.IPAddress, '10.0.0.2')
  assert.equal(old.NetworkSettings.HairpinMode, false)
  assert.deepEqual(old.NetworkSettings.Networks, {
    bridge: { IPAddress: '10.0.0.2' },
    mine: { IPAddress: '10.0.1.2', Aliases: ['web', id.slice(0, 12)] },
  })
  assert.deepEqual(old.HostConfig, { KernelMemory: 0, KernelMemoryTCP: 0 })
  const listed = summaryFor(45, { Id: id, HostConfig: { NetworkMode: 'x', Annotations: {} } })
  assert.deepEqual(listed.HostConfig, { NetworkMode: 'x' })
})

test('images: names, sizes and counts', () => {
  const image = {
    ...{ Id: 'i', ParentId: '', RepoTags: [], RepoDigests: [], Created: 1, Size: 5, SharedSize: -1 },
    ...{ Labels: {}, Containers: 2 },
  }
  assert.equal(imageSummaryFor(51, image), image)
  assert.equal((imageSummaryFor(50, image) as typeof image).Containers, -1)
  assert.deepEqual(imageSummaryFor(42, image), {
    ...image,
    Containers: -1,
    VirtualSize: 5,
    RepoTags: ['<none>:<none>'],
    RepoDigests: ['<none>@<none>'],
  })
  const inspected = imageInspectFor(41, { Id: 'i', Size: 5, Config: { Cmd: ['x'] } }) as Record<
    string,
    unknown
  >
  assert.equal(inspected.VirtualSize, 5)
  assert.equal(inspected.DockerVersion, '')
  assert.deepEqual((inspected.Config as Record<string, unknown>).Cmd, ['x'])
  assert.equal((inspected.Config as Record<string, unknown>).Hostname, '')
})

test('networks: containers in lists before 1.28, EnableIPv4 from 1.48', () => {
  const network = { Name: 'n', EnableIPv4: true, Containers: { c: {} }, Status: {} }
  assert.deepEqual(networkFor(47, network), { Name: 'n', Containers: { c: {} } })
  assert.deepEqual(networkListItemFor(27, network).Containers, { c: {} })
  assert.deepEqual(networkListItemFor(28, network).Containers, {})
})

test('events repeat themselves before 1.52', () => {
  const message = {
    Type: 'container' as const,
    Action: 'die',
    Actor: { ID: 'c', Attributes: { image: 'i' } },
  }
  assert.equal(eventFor(52, message), message)
  assert.deepEqual(eventFor(51, message), { status: 'die', id: 'c', from: 'i', ...message })
  assert.deepEqual(eventFor(24, { Type: 'network', Action: 'create' }), { Type: 'network', Action: 'create' })
})

test('that an image was made is told since 1.46', () => {
  const made = { Type: 'image' as const, Action: 'create' }
  assert.deepEqual(
    [45, 46].map((version) => isToldTo(version, made)),
    [false, true],
  )
  assert.ok(isToldTo(24, { Type: 'image', Action: 'tag' }))
  assert.ok(isToldTo(24, { Type: 'container', Action: 'create' }))
})

test('info and version', () => {
  assert.deepEqual(
    (infoFor(24, { SecurityOptions: ['name=seccomp,profile=default'] }) as { SecurityOptions: string[] })
      .SecurityOptions,
    ['seccomp'],
  )
  assert.equal((infoFor(41, { KernelVersion: '' }) as { KernelVersion: string }).KernelVersion, '')
  assert.equal((infoFor(38, { KernelVersion: '' }) as { KernelVersion: string }).KernelVersion, '<unknown>')
  assert.deepEqual(versionFor(34, { Version: '1', Components: [] }), { Version: '1' })
})

test('disk usage: lists before 1.52, totals after, items when asked for', () => {
  const usage = {
    ImageUsage: { TotalSize: 5, Items: [{ Id: 'i', Size: 5 }] },
    ContainerUsage: { Items: [] },
    VolumeUsage: { Items: [] },
    BuildCacheUsage: { Items: [] },
  }
  const all = new Set(['image', 'container', 'volume', 'build-cache'])
  assert.deepEqual(legacyDiskUsage(41, usage, all), {
    LayersSize: 5,
    Images: [{ Id: 'i', Size: 5, VirtualSize: 5 }],
    Containers: [],
    Volumes: [],
    BuildCache: [],
    BuilderSize: 0,
  })
  assert.deepEqual(withoutItems(usage, new Set(['image']), false), { ImageUsage: { TotalSize: 5 } })
  assert.deepEqual(withoutItems(usage, new Set(['image']), true), { ImageUsage: usage.ImageUsage })
})
