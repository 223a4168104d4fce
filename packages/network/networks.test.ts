import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { isKind } from '@gantry/errors'
import { interfaceIndex, Nftables, Rtnetlink } from '@gantry/syscall'
import { ask, echoPeer, enterOwnNetwork, isRoot, Machine, sandboxRequest } from './testing.ts'

const skip = !isRoot && 'needs root'
if (isRoot) enterOwnNetwork()

const ports = (
  bindings: Record<string, { HostIp?: string; HostPort?: string }[]>,
  exposed: string[] = [],
) => ({
  ports: { bindings, exposed, publishAll: false },
})

test('a container on the default network', { skip }, async (t) => {
  await using machine = new Machine()
  const { networks, namespaces } = machine
  await networks.restore([])
  const sandbox = await networks.createSandbox(
    sandboxRequest('c1', ['bridge'], ports({ '80/tcp': [{ HostPort: '8080' }] }, ['80/tcp', '90/tcp'])),
  )
  const endpoint = sandbox.endpoints.bridge
  assert.equal(endpoint?.ipv4?.address, '172.17.0.2')
  assert.equal(endpoint?.ipv4?.gateway, '172.17.0.1')
  assert.equal(endpoint?.macAddress, '02:42:ac:11:00:02')
  const bound = ['0.0.0.0', '::'].map((HostIp) => ({ HostIp, HostPort: '8080' }))
  assert.deepEqual(sandbox.ports, { '80/tcp': bound, '90/tcp': null })
  assert.ok(sandbox.path && existsSync(sandbox.path))

  const server = echoPeer(namespaces, sandbox.path, '0.0.0.0', 80)
  t.after(() => server.close())
  assert.equal(await ask(namespaces, null, '172.17.0.2', 80), '172.17.0.1', 'by its address')
  assert.equal(await ask(namespaces, null, '127.0.0.1', 8080), '172.17.0.1', 'by localhost')
  assert.equal(await ask(namespaces, null, '172.17.0.1', 8080), '172.17.0.1', "by the host's address")
  assert.equal(await ask(namespaces, sandbox.path, '172.17.0.1', 8080), '172.17.0.1', 'from itself')
  const other = await networks.createSandbox(sandboxRequest('c2', ['bridge']))
  assert.ok(other.path)
  assert.equal(await ask(namespaces, other.path, '172.17.0.2', 80), '172.17.0.3', 'from a neighbour')
  assert.equal(await ask(namespaces, other.path, '172.17.0.1', 8080), '172.17.0.1', 'by hairpin')

  await networks.removeSandbox('c1')
  assert.equal(networks.sandbox('c1'), null)
  assert.equal(existsSync(sandbox.path), false)
  assert.equal(await ask(namespaces, null, '127.0.0.1', 8080), 'ECONNREFUSED')
  assert.deepEqual(machine.events, ['connect bridge c1', 'connect bridge c2', 'disconnect bridge c1'])
})

test('a port that is taken', { skip }, async () => {
  await using machine = new Machine()
  const { networks } = machine
  await networks.restore([])
  const binding = ports({ '80/tcp': [{ HostPort: '8081' }] })
  await networks.createSandbox(sandboxRequest('c1', ['bridge'], binding))
  await assert.rejects(
    networks.createSandbox(sandboxRequest('c2', ['bridge'], binding)),
    /^GantryError: driver failed programming external connectivity on endpoint name-c2 \([0-9a-f]{64}\): Bind for 0\.0\.0\.0:8081 failed: port is already allocated$/,
  )
  assert.equal(networks.sandbox('c2'), null)
  assert.equal(machine.tables.sandboxes.values().length, 1)
  assert.equal(machine.tables.endpoints.values().length, 1)
})

test('a network of a user', { skip }, async () => {
  await using machine = new Machine()
  const { networks } = machine
  await networks.restore([])
  const { network } = await networks.create({ name: 'web' })
  assert.equal(network.bridgeName, `br-${network.id.slice(0, 12)}`)
  assert.deepEqual(network.ipam.Config, [{ Subnet: '172.18.0.0/16', Gateway: '172.18.0.1' }])
  assert.ok(interfaceIndex(network.bridgeName))
  await assert.rejects(networks.create({ name: 'web' }), /network with name web already exists/)
  await networks.createSandbox(sandboxRequest('c1', ['web']))
  await assert.rejects(
    networks.remove('web'),
    (error: Error) => isKind(error, 'Forbidden') && /has active endpoints/.test(error.message),
  )
  await networks.removeSandbox('c1')
  await networks.remove('web')
  assert.equal(interfaceIndex(network.bridgeName), undefined)
  using rtnetlink = new Rtnetlink()
  assert.equal(rtnetlink.links().filter((link) => link.name.startsWith('br-')).length, 0)
})

test('nothing is left behind when the last one closes', { skip }, async () => {
  await using machine = new Machine()
  const { networks } = machine
  using rtnetlink = new Rtnetlink()
  using nftables = new Nftables()
  await networks.restore([])
  const { network } = await networks.create({ name: 'web' })
  await networks.createSandbox(
    sandboxRequest('c1', ['bridge', 'web'], ports({ '80/tcp': [{ HostPort: '' }] })),
  )
  await machine.restart(['c1'])
  assert.ok(interfaceIndex('gantry0'))
  await machine.networks.removeSandbox('c1')
  await machine.networks.close()
  assert.deepEqual(
    rtnetlink.links().map(({ name }) => name),
    ['lo'],
  )
  assert.doesNotMatch(nftables.run('list tables'), /gantry$/m)
  machine.reopen()
  await machine.networks.restore([])
  assert.ok(interfaceIndex(network.bridgeName ?? ''))
})

test('a container that cannot be wired leaves nothing', { skip }, async () => {
  await using machine = new Machine()
  const { networks } = machine
  await networks.restore([])
  await networks.create({ name: 'web' })
  const published = ports({ '80/tcp': [{ HostPort: '8082' }] })
  const request = sandboxRequest('c1', ['bridge', 'web'], published)
  const second = request.endpoints[1]
  assert.ok(second)
  second.request.settings = { DriverOpts: { 'com.docker.network.endpoint.ifname': 'eth0' } }
  await assert.rejects(networks.createSandbox(request), /EEXIST/)
  await assert.rejects(
    networks.createSandbox({ ...sandboxRequest('c1', ['web']), sysctls: { 'net.ipv4.ip_forward': 'x' } }),
    /EINVAL/,
  )
  await assert.rejects(
    networks.createSandbox(sandboxRequest('c1', ['bridge', 'nothing'])),
    /network nothing not found/,
  )
  await assert.rejects(
    networks.createSandbox(
      sandboxRequest('c1', ['bridge'], { settings: { IPAMConfig: { IPv4Address: '172.17.0.9' } } }),
    ),
    /user specified IP address is supported on user defined networks only/,
  )
  assert.deepEqual(readdirSync(join(machine.runDir, 'netns')), [])
  assert.deepEqual([machine.tables.sandboxes.values(), machine.tables.endpoints.values()], [[], []])
  const after = await networks.createSandbox(sandboxRequest('c2', ['bridge', 'web'], published))
  assert.equal(after.endpoints.bridge?.ipv4?.address, '172.17.0.2')
  assert.equal(after.endpoints.web?.ipv4?.address, '172.18.0.2')
  using rtnetlink = new Rtnetlink()
  const pairs = () => rtnetlink.links().filter(({ kind }) => kind === 'veth').length
  for (let tries = 0; pairs() !== 2 && tries < 3000; tries++) await setTimeout(20)
  assert.equal(pairs(), 2)
})
