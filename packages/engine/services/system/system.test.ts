import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ContainerSummary, ImageSummary } from '@gantry/api'
import { GantryError } from '@gantry/errors'
import { memoryTable } from '../testing.ts'
import { engineId } from './engine-id.ts'
import { gatherHostFacts, type HostFacts, parseOsRelease } from './facts.ts'
import type { SystemSettings } from './settings.ts'
import { createSystemService, type SystemServiceOptions } from './system.ts'

const facts: HostFacts = {
  hostname: 'box',
  kernelVersion: '6.1.0',
  machine: 'aarch64',
  operatingSystem: 'Debian GNU/Linux 12 (bookworm)',
  osVersion: '12',
  processors: 4,
  memory: 8_000_000_000,
  ipv4Forwarding: false,
  backingFilesystem: 'extfs',
  openFiles: 30,
  limits: {
    cgroupVersion: '2',
    memory: true,
    swap: false,
    memoryReservation: true,
    memorySwappiness: false,
    oomKillDisable: false,
    cpuShares: true,
    cpuCfs: true,
    cpuRealtime: false,
    cpuset: true,
    cpus: '0-3',
    mems: '0',
    pids: true,
    blkioWeight: true,
    blkioWeightDevice: true,
    blkioReadBps: true,
    blkioWriteBps: true,
    blkioReadIops: true,
    blkioWriteIops: true,
  },
}

const settings: SystemSettings = {
  experimental: false,
  engineId: 'the-id',
  version: '1.2.3',
  gitCommit: 'abcdef0',
  buildTime: '',
  apiVersion: '1.55',
  minApiVersion: '1.24',
  dataRoot: '/var/lib/gantry',
  debug: false,
  labels: ['a=b'],
  runtimes: { crun: { path: '/usr/bin/crun' } },
  defaultRuntime: 'crun',
  initBinary: 'catatonit',
  logDrivers: ['json-file', 'none'],
  defaultLogDriver: 'json-file',
  cgroupDriver: 'cgroupfs',
  securityOptions: ['name=seccomp,profile=builtin'],
  insecureRegistries: ['10.0.0.0/8', 'registry.test:5000'],
  registryMirrors: [],
  addressPools: [{ base: '10.1.0.0/16', size: 24 }],
  firewall: 'nftables',
  proxies: { http: '', https: '', no: '' },
  warnings: ['WARNING: the API is open'],
}

const container = (id: string, State: ContainerSummary['State'], SizeRw = 0): ContainerSummary => ({
  Id: id,
  ImageID: 'sha256:used',
  State,
  SizeRw,
})
const image = (Id: string, Size: number, SharedSize: number): ImageSummary => ({
  Id,
  ParentId: '',
  RepoTags: [],
  RepoDigests: [],
  Created: 0,
  Size,
  SharedSize,
  Labels: {},
  Containers: -1,
})

function service(changes: Partial<SystemServiceOptions> = {}) {
  return createSystemService({
    settings: () => settings,
    facts: async () => facts,
    programs: [{ name: 'crun', version: '1.8', commit: 'c0ffee' }],
    containers: {
      list: async () => [container('a', 'running', 5), container('b', 'paused'), container('c', 'exited', 7)],
    },
    images: {
      list: async () => [image('sha256:used', 100, 60), image('sha256:idle', 80, 60)],
      count: () => 2,
      layerBytes: async () => 120,
    },
    volumes: {
      list: () =>
        ['used', 'free', 'vanished'].map((name) => ({
          name,
          driver: 'local',
          createdAt: '',
          mountpoint: `/v/${name}`,
          labels: {},
          options: {},
          anonymous: false,
        })),
      size: async (name) => {
        if (name === 'vanished') throw new GantryError('NotFound', 'get vanished: no such volume')
        return 11
      },
      users: (name) => (name === 'used' ? ['a'] : []),
    },
    caches: { usage: async () => [] },
    eventListeners: () => 1,
    ...changes,
  })
}

test('info counts containers by state and names the host', async () => {
  const info = await service().info()
  assert.deepEqual(
    [info.Containers, info.ContainersRunning, info.ContainersPaused, info.ContainersStopped, info.Images],
    [3, 1, 1, 1, 2],
  )
  assert.equal(info.ID, 'the-id')
  assert.equal(info.Name, 'box')
  assert.equal(info.Architecture, 'aarch64')
  assert.equal(info.CgroupVersion, '2')
  assert.equal(info.LiveRestoreEnabled, true)
  assert.equal(info.Swarm?.LocalNodeState, 'inactive')
  assert.deepEqual(info.RuncCommit, { ID: 'c0ffee' })
  assert.deepEqual(info.DefaultAddressPools, [{ Base: '10.1.0.0/16', Size: 24 }])
})

test('info warns of limits that the kernel cannot set', async () => {
  const { Warnings } = await service().info()
  assert.deepEqual(Warnings, [
    'WARNING: the API is open',
    'WARNING: No swap limit support',
    'WARNING: IPv4 forwarding is disabled',
  ])
})

test('info tells insecure networks and hosts apart', async () => {
  const { RegistryConfig } = await service().info()
  assert.deepEqual(RegistryConfig?.InsecureRegistryCIDRs, ['::1/128', '127.0.0.0/8', '10.0.0.0/8'])
  assert.equal(RegistryConfig?.IndexConfigs?.['registry.test:5000']?.Secure, false)
})

test('version names the engine and what it stands on', async () => {
  const version = await service().version()
  assert.equal(version.Arch, 'arm64')
  assert.equal(version.Version, '1.2.3')
  assert.deepEqual(
    version.Components?.map(({ Name, Version }) => `${Name} ${Version}`),
    ['Engine 1.2.3', 'crun 1.8'],
  )
})

test('disk usage adds up, and tells what could be had back', async () => {
  const usage = await service().diskUsage()
  const totals = (kind: {
    ActiveCount?: number
    TotalCount?: number
    TotalSize?: number
    Reclaimable?: number
  }) => [kind.ActiveCount, kind.TotalCount, kind.TotalSize, kind.Reclaimable]
  assert.deepEqual(totals(usage.ImageUsage ?? {}), [1, 2, 120, 80])
  assert.deepEqual(totals(usage.ContainerUsage ?? {}), [2, 3, 12, 7])
  assert.deepEqual(totals(usage.VolumeUsage ?? {}), [1, 2, 22, 11])
  const images = (usage.ImageUsage?.Items ?? []) as ImageSummary[]
  assert.deepEqual(
    images.map(({ Containers }) => Containers),
    [3, 0],
  )
})

test('requests for disk usage share one calculation', async () => {
  let calls = 0
  const list = async () => {
    calls++
    return []
  }
  const shared = service({ containers: { list } })
  await Promise.all([shared.diskUsage(), shared.diskUsage(), shared.diskUsage()])
  assert.equal(calls, 1)
  await shared.diskUsage()
  assert.equal(calls, 2)
})

test('the host of this test can be described', async () => {
  const found = await gatherHostFacts('/')
  assert.ok(found.processors > 0 && found.memory > 0 && found.openFiles > 0)
  assert.notEqual(found.kernelVersion, '')
})

test('os-release is read with and without quotes', () => {
  const text = 'PRETTY_NAME="A \\"fine\\" system"\nVERSION_ID=12\nHOME_URL=\'x y\'\n# comment\n'
  assert.deepEqual(parseOsRelease(text), {
    PRETTY_NAME: 'A "fine" system',
    VERSION_ID: '12',
    HOME_URL: 'x y',
  })
})

test('the engine keeps its id', () => {
  const table = memoryTable<string>()
  assert.equal(engineId(table), engineId(table))
})
