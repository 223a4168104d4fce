import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isKind } from '@gantry/errors'
import { interfaceIndex, Nftables, Rtnetlink } from '@gantry/syscall'
import { until } from '../../test/until.ts'
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

test('a configuration-only network and networks made from it', { skip }, async () => {
  await using machine = new Machine()
  await machine.networks.restore([])
  const subnet = { Subnet: '10.201.7.0/24', Gateway: '10.201.7.9' }
  const settings = {
    ipam: { Config: [subnet] },
    options: { 'com.docker.network.driver.mtu': '1400' },
    labels: { tier: 'db' },
  }
  const { network: config } = await machine.networks.create({ name: 'cfg', configOnly: true, ...settings })
  assert.equal(config.bridgeName, undefined)
  await machine.networks.create({ name: 'same', configOnly: true, ...settings })
  await assert.rejects(machine.networks.create({ name: 'cfg', configOnly: true }), /already exists/)
  await assert.rejects(
    machine.networks.create({ name: 'bad', configOnly: true, ipam: { Config: [{ Subnet: '300.0.0.0/8' }] } }),
    (error) => isKind(error, 'InvalidParameter'),
  )

  const { network } = await machine.networks.create({ name: 'web', configFrom: 'cfg' })
  assert.deepEqual(network.ipam.Config, [subnet])
  assert.deepEqual([network.options, network.labels], [settings.options, settings.labels])
  await assert.rejects(machine.networks.create({ name: 'web2', configFrom: 'cfg' }), /Pool overlaps/)
  await assert.rejects(machine.networks.createSandbox(sandboxRequest('c1', ['cfg'])), {
    kind: 'Forbidden',
    message: 'cannot create endpoint on configuration-only network',
  })
  const sandbox = await machine.networks.createSandbox(sandboxRequest('c1', ['web']))
  assert.equal(sandbox.endpoints.web?.ipv4?.gateway, '10.201.7.9')

  await machine.restart(['c1'])
  const { networks } = machine
  const [wish] = sandboxRequest('c1', ['cfg']).endpoints
  assert.ok(wish)
  await assert.rejects(networks.connect('c1', 'cfg', wish.request), { kind: 'Forbidden' })
  await networks.removeSandbox('c1')
  await assert.rejects(networks.remove('cfg'), {
    kind: 'Forbidden',
    message: 'error while removing network: configuration network "cfg" is in use',
  })
  assert.deepEqual(await networks.prune(() => true), ['web'])
  await networks.remove('cfg')
  await networks.remove('same')
})

const own: [string, object, RegExp][] = [
  ['another network', { configFrom: 'nothing' }, /^configuration network "nothing" does not exist$/],
  ['a real network', { configFrom: 'bridge' }, /^configuration network "bridge" does not exist$/],
  ['a configuration', { configOnly: true }, /^a configuration network cannot depend on another/],
  ['a subnet', { ipam: { Config: [{ Subnet: '10.9.9.0/24' }] } }, /^user specified configurations are not/],
  ['an address driver', { ipam: { Driver: 'x' } }, /^user specified configurations are not/],
  ['labels', { labels: { a: 'b' } }, /^user specified configurations are not/],
  ['IPv6', { enableIPv6: true }, /^user specified configurations are not/],
  ['no IPv4', { enableIPv4: false }, /^user specified configurations are not/],
  ['options', { options: { a: 'b' } }, /^network driver options are not supported/],
  ['a driver that is not there', { driver: 'nope' }, /^plugin "nope" not found$/],
]
test('what a network made from a configuration cannot have', { skip }, async (t) => {
  await using machine = new Machine()
  const { networks } = machine
  await networks.restore([])
  await networks.create({ name: 'cfg', configOnly: true })
  for (const [what, request, message] of own)
    await t.test(what, async () => {
      await assert.rejects(networks.create({ name: 'web', configFrom: 'cfg', ...request }), (error: Error) =>
        message.test(error.message),
      )
      assert.equal(networks.list().length, 4)
    })
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
  await until('the pairs of those that failed to go', () => pairs() === 2)
})

test('two prunes at once take each network once, and neither fails', { skip }, async () => {
  await using machine = new Machine()
  const { networks } = machine
  await networks.restore([])
  for (const name of ['a', 'b', 'c']) await networks.create({ name })
  const both = await Promise.all([networks.prune(() => true), networks.prune(() => true)])
  assert.deepEqual(both.flat().sort(), ['a', 'b', 'c'])
})

test('an interface that the user named does not take the name of another', { skip }, async () => {
  await using machine = new Machine()
  const { networks } = machine
  await networks.restore([])
  for (const name of ['a', 'b']) await networks.create({ name })
  const settings = { DriverOpts: { 'com.docker.network.endpoint.ifname': 'eth1' } }
  const sandbox = await networks.createSandbox(sandboxRequest('c1', ['a', 'b'], { settings }))
  assert.equal(sandbox.endpoints.a?.interfaceName, 'eth1')
  assert.equal(sandbox.endpoints.b?.interfaceName, 'eth0')
})
