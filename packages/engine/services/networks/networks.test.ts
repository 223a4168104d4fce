import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EndpointSettings } from '@gantry/api'
import { GantryError, isKind } from '@gantry/errors'
import type { EndpointRecord, NetworkRecord, Networks } from '@gantry/network'
import type { Filters } from '../../contracts.ts'
import { eventRecorder } from '../testing.ts'
import type { ContainerNetworking } from './containers.ts'
import { createNetworkService, networkEvents } from './networks.ts'

function network(name: string, changes: Partial<NetworkRecord> = {}): NetworkRecord {
  return {
    id: name.padEnd(64, '0'),
    name,
    driver: 'bridge',
    created: '2026-01-01T00:00:00.000000000Z',
    internal: false,
    attachable: false,
    enableIPv4: true,
    enableIPv6: false,
    ipam: { Driver: 'default', Options: {}, Config: [{ Subnet: '10.9.0.0/24', Gateway: '10.9.0.1' }] },
    options: {},
    labels: {},
    ...changes,
  }
}

/** Networks that wire nothing: they note which container is where. */
function fakeNetworks() {
  const records = [
    network('bridge'),
    network('host', { driver: 'host', ipam: {} }),
    network('none', { driver: 'none', ipam: {} }),
    network('front', { labels: { tier: 'web' } }),
    network('back', { ownSubnets: true }),
  ]
  const endpoints: EndpointRecord[] = []
  const fake: Pick<Networks, 'find' | 'list' | 'endpoints' | 'connect' | 'disconnect' | 'create' | 'prune'> =
    {
      find: (reference) => {
        const found = records.find(({ id, name }) => name === reference || id === reference)
        if (!found) throw new GantryError('NotFound', `network ${reference} not found`)
        return found
      },
      list: () => records,
      endpoints: (networkId) => endpoints.filter((one) => one.networkId === networkId),
      connect: async (containerId, networkId, { containerName, settings }) => {
        const endpoint: EndpointRecord = {
          id: 'e'.repeat(64),
          networkId,
          containerId,
          containerName,
          macAddress: '02:42:0a:09:00:02',
          ipv4: { address: '10.9.0.2', prefix: 24 },
          names: [],
          settings,
        }
        endpoints.push(endpoint)
        return endpoint
      },
      disconnect: async (containerId, networkId) => {
        const at = endpoints.findIndex(
          (one) => one.containerId === containerId && one.networkId === networkId,
        )
        endpoints.splice(at, 1)
      },
      create: async ({ name }) => ({ network: network(name), warning: '' }),
      prune: async (accept) =>
        records
          .slice(3)
          .filter(accept)
          .map(({ name }) => name),
    }
  return fake as Networks
}

interface FakeContainer {
  id: string
  name: string
  running: boolean
  networkMode: string
  endpoints: Record<string, EndpointSettings>
}

function setUp(changes: Partial<FakeContainer> = {}) {
  const container: FakeContainer = {
    id: 'c'.repeat(64),
    name: 'web',
    running: true,
    networkMode: 'bridge',
    endpoints: { bridge: {} },
    ...changes,
  }
  const containers: ContainerNetworking = {
    exclusively: async (reference, work) => {
      if (reference !== container.name) throw new GantryError('NotFound', `No such container: ${reference}`)
      return await work({
        ...container,
        endpointRequest: (settings) => ({
          containerId: container.id,
          containerName: container.name,
          hostname: '',
          settings,
        }),
        connected: async () => {},
        disconnected: async () => {},
        setEndpoints: (endpoints) => {
          container.endpoints = endpoints
        },
      })
    },
  }
  const networks = fakeNetworks()
  const events = eventRecorder()
  return { container, networks, events, service: createNetworkService({ networks, containers, events }) }
}

test('a network is shown with the containers on it', async () => {
  const { service } = setUp()
  await service.connect('front', 'web', { Aliases: ['www'] })
  const shown = await service.inspect('front')
  assert.equal(shown.Scope, 'local')
  assert.deepEqual(shown.ConfigFrom, { Network: '' })
  assert.deepEqual(shown.Containers, {
    ['c'.repeat(64)]: {
      Name: 'web',
      EndpointID: 'e'.repeat(64),
      MacAddress: '02:42:0a:09:00:02',
      IPv4Address: '10.9.0.2/24',
      IPv6Address: '',
    },
  })
  assert.equal((await service.inspect('none')).Driver, 'null')
  await assert.rejects(service.inspect('front', { scope: 'swarm' }), (error) => isKind(error, 'NotFound'))
})

test('lists are filtered', async () => {
  const { service } = setUp()
  await service.connect('front', 'web', {})
  const names = async (filters: Filters) => (await service.list(filters)).map(({ Name }) => Name)
  assert.deepEqual(await names({ name: ['^host$'] }), ['host'])
  assert.deepEqual(await names({ driver: ['null'] }), ['none'])
  assert.deepEqual(await names({ type: ['custom'] }), ['front', 'back'])
  assert.deepEqual(await names({ type: ['builtin', 'custom'] }), ['bridge', 'host', 'none', 'front', 'back'])
  assert.deepEqual(await names({ dangling: ['true'] }), ['back'])
  assert.deepEqual(await names({ dangling: ['false'] }), ['bridge', 'host', 'none', 'front'])
  assert.deepEqual(await names({ label: ['tier'] }), ['front'])
  assert.deepEqual(await names({ scope: ['swarm'] }), [])
  assert.deepEqual(await names({ id: ['^back0'] }), ['back'])
  await assert.rejects(names({ type: ['x'] }), { message: "invalid filter: 'type'='x'" })
  await assert.rejects(names({ dangling: ['maybe'] }), {
    message: 'invalid value for filter \'dangling\', must be "true" (or "1"), or "false" (or "0")',
  })
})

test('no container comes to a configuration-only network, running or not', async () => {
  for (const running of [true, false]) {
    const { service, networks, container } = setUp({ running, endpoints: {} })
    networks.list().push(network('settings', { driver: 'none', configOnly: true }))
    await assert.rejects(service.connect('settings', 'web', {}), {
      kind: 'Forbidden',
      message: 'cannot create endpoint on configuration-only network',
    })
    assert.deepEqual(container.endpoints, {})
    const { Driver, ConfigOnly, Status } = await service.inspect('settings')
    assert.deepEqual({ Driver, ConfigOnly, Status }, { Driver: 'null', ConfigOnly: true, Status: undefined })
  }
})

test('connecting a running container wires it and keeps the wish; twice is refused', async () => {
  const { service, container, networks } = setUp()
  await service.connect('front', 'web', { Aliases: ['www'] })
  assert.deepEqual(container.endpoints, { bridge: {}, front: { Aliases: ['www'] } })
  assert.equal(networks.endpoints(networks.find('front').id).length, 1)
  await assert.rejects(service.connect('front', 'web', {}), {
    kind: 'Forbidden',
    message: 'endpoint with name web already exists in network front',
  })
  await service.disconnect('front', 'web', false)
  assert.deepEqual(container.endpoints, { bridge: {} })
  assert.equal(networks.endpoints(networks.find('front').id).length, 0)
  await assert.rejects(service.disconnect('front', 'web', false), {
    message: `container ${container.id} is not connected to network front`,
  })
})

test('connecting a stopped container only notes it', async () => {
  const { service, container, networks } = setUp({ running: false })
  await service.connect('front', 'web', { IPAMConfig: { IPv4Address: '10.9.0.77' } })
  assert.deepEqual(Object.keys(container.endpoints), ['bridge', 'front'])
  assert.equal(networks.endpoints(networks.find('front').id).length, 0)
  await service.disconnect('front', 'web', false)
  assert.deepEqual(Object.keys(container.endpoints), ['bridge'])
})

test('a network that the user named by its id is found again', async () => {
  const id = 'front'.padEnd(64, '0')
  const { service, container } = setUp({ running: false, endpoints: { [id]: {} } })
  await service.disconnect('front', 'web', false)
  assert.deepEqual(container.endpoints, {})
})

const refusals: {
  changes: Partial<FakeContainer>
  network: string
  settings?: EndpointSettings
  message: RegExp
}[] = [
  {
    changes: { networkMode: 'container:x', endpoints: {} },
    network: 'front',
    message: /^container sharing network/,
  },
  {
    changes: { networkMode: 'host', endpoints: { host: {} } },
    network: 'front',
    message: /^container sharing network/,
  },
  { changes: {}, network: 'host', message: /^container sharing network/ },
  {
    changes: { networkMode: 'none', endpoints: { none: {} } },
    network: 'front',
    message: /in private \(none\) mode$/,
  },
  { changes: {}, network: 'none', message: /in private \(none\) mode$/ },
  {
    changes: { endpoints: {}, networkMode: 'front' },
    network: 'bridge',
    settings: { Aliases: ['x'] },
    message: /^network-scoped alias is supported only/,
  },
  {
    changes: {},
    network: 'back',
    settings: { IPAMConfig: { IPv4Address: '10.9.0.7' } },
    message: /user configured subnets$/,
  },
]
for (const { changes, network: name, settings = {}, message } of refusals)
  test(`${JSON.stringify(changes)} and ${name}: ${message.source.slice(0, 30)}`, async () => {
    const { service, container } = setUp(changes)
    const before = container.endpoints
    await assert.rejects(
      service.connect(name, 'web', settings),
      (error) => isKind(error, 'InvalidParameter') && message.test(error.message),
    )
    assert.equal(container.endpoints, before)
  })

test('an unknown container is named before an unknown network', async () => {
  const { service } = setUp()
  await assert.rejects(service.connect('nope', 'nobody', {}), { message: 'No such container: nobody' })
  await assert.rejects(service.connect('nope', 'web', {}), { message: 'network nope not found' })
})

test('force takes away what a vanished container has left', async () => {
  const { service, networks } = setUp()
  const front = networks.find('front').id
  const request = { containerId: 'gone', containerName: 'old', hostname: '', settings: {} }
  await networks.connect('gone', front, request)
  await assert.rejects(service.disconnect('front', 'old', false), { message: 'No such container: old' })
  await service.disconnect('front', 'old', true)
  assert.equal(networks.endpoints(front).length, 0)
  await assert.rejects(service.disconnect('front', 'old', true), { message: 'No such container: old' })
})

test('what needs a swarm says so', async () => {
  const { service } = setUp()
  for (const request of [{ Driver: 'overlay' }, { Scope: 'swarm' }, { Ingress: true }])
    await assert.rejects(service.create({ Name: 'x', ...request }), /This node is not a swarm manager/)
  for (const request of [{ Scope: 'swarm' }, { Ingress: true }, { Internal: true }, { Attachable: true }])
    await assert.rejects(
      service.create({ Name: 'x', ConfigOnly: true, ...request }),
      /configuration network can only contain network specific fields/,
    )
})

test('prune chooses by label and age, and tells', async () => {
  const { service, events } = setUp()
  assert.deepEqual(await service.prune({ 'label!': ['tier'] }), ['back'])
  assert.deepEqual(await service.prune({ until: ['2025-12-31T00:00:00Z'] }), [])
  assert.equal(events.seen.at(-1), 'network prune  {"reclaimed":"0"}')
})

test('what happens to networks becomes events', () => {
  const events = eventRecorder()
  networkEvents(events)('connect', network('none', { driver: 'none' }), 'c1')
  assert.deepEqual(events.seen, [
    `network connect ${'none'.padEnd(64, '0')} {"name":"none","type":"null","container":"c1"}`,
  ])
})
