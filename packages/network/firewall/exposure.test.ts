import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { interfaceIndex, Nftables, openSocket, Rtnetlink } from '@gantry/syscall'
import { writeSetting } from '../bridge/sysctl.ts'
import type { Networks } from '../contracts.ts'
import { ContainerNamespace } from '../sandbox/namespace.ts'
import { ask, echoPeer, enterOwnNetwork, isRoot, Machine, sandboxRequest } from '../testing.ts'

const skip = !isRoot && 'needs root'
if (isRoot) enterOwnNetwork()

const publish = (...bindings: [port: string, hostIp: string, hostPort: string][]) => ({
  ports: {
    bindings: Object.fromEntries(bindings.map(([port, HostIp, HostPort]) => [port, [{ HostIp, HostPort }]])),
    exposed: [],
    publishAll: false,
  },
})

/** A machine next to ours on the link 192.0.2.0/24 (we are .1) that takes us for its router, even to 127.0.0.0/8. */
function neighbour(machine: Machine): string {
  const path = join(machine.runDir, 'neighbour')
  using rtnetlink = new Rtnetlink()
  machine.namespaces.create(path)
  using namespace = new ContainerNamespace(machine.namespaces, path)
  rtnetlink.addVeth('out0', {}, { name: 'eth0', netns: namespace.fd })
  const index = interfaceIndex('out0') ?? 0
  rtnetlink.addAddress({ index, address: '192.0.2.1', prefix: 24 })
  rtnetlink.addAddress({ index, address: '2001:db8:1::1', prefix: 64 })
  rtnetlink.setLink(index, { up: true })
  // As a host may be set up by somebody else, to make it harder.
  writeSetting('ipv4/conf/out0/route_localnet', '1')
  const eth0 = namespace.indexOf('eth0') ?? 0
  namespace.rtnetlink.addAddress({ index: eth0, address: '192.0.2.9', prefix: 24 })
  namespace.rtnetlink.addAddress({ index: eth0, address: '2001:db8:1::9', prefix: 64 })
  namespace.rtnetlink.setLink(eth0, { up: true })
  namespace.enter(() => writeSetting('ipv4/conf/eth0/route_localnet', '1'))
  for (const destination of ['0.0.0.0/0', '127.0.0.0/8'])
    namespace.rtnetlink.addRoute({ destination, gateway: '192.0.2.1', index: eth0 })
  namespace.rtnetlink.addRoute({ destination: '::/0', gateway: '2001:db8:1::1', index: eth0 })
  return path
}

async function withNeighbour(work: (machine: Machine, outside: string) => Promise<void>): Promise<void> {
  await using machine = new Machine({ watchInterval: 50 })
  await machine.networks.restore([])
  const outside = neighbour(machine)
  try {
    await work(machine, outside)
  } finally {
    using rtnetlink = new Rtnetlink()
    rtnetlink.deleteLink('out0')
    machine.namespaces.remove(outside)
  }
}

test('CVE-2025-54388: a loopback port and a container are out of reach of neighbours', { skip }, (t) =>
  withNeighbour(async (machine, outside) => {
    const { namespaces } = machine
    const sandbox = await machine.networks.createSandbox(
      sandboxRequest('c1', ['bridge'], publish(['80/tcp', '127.0.0.1', '8080'], ['81/tcp', '', '8081'])),
    )
    assert.ok(sandbox.path)
    const servers = [80, 81].map((port) => echoPeer(namespaces, sandbox.path as string, '0.0.0.0', port))
    const local = echoPeer(namespaces, '/proc/thread-self/ns/net', '127.0.0.1', 7777)
    t.after(() => [...servers, local].map((server) => server.close()))
    const check = (when: string) =>
      Promise.all(
        (
          [
            [null, '127.0.0.1', 8080, '172.17.0.1', 'the host itself'],
            [outside, '192.0.2.1', 8081, '192.0.2.9', 'published on all'],
            [outside, '127.0.0.1', 8080, 'TIMEOUT', 'loopback port'],
            [outside, '127.0.0.1', 8081, 'TIMEOUT', 'published on all, by loopback'],
            [outside, '127.0.0.1', 7777, 'TIMEOUT', 'a service of the host'],
            [sandbox.path, '127.0.0.1', 7777, 'ECONNREFUSED', 'the same from inside'],
            [outside, '192.0.2.1', 8080, 'ECONNREFUSED', 'loopback port by another address'],
            [outside, '172.17.0.2', 80, 'TIMEOUT', 'the container'],
            [outside, '172.17.0.2', 81, 'TIMEOUT', 'its published port, directly'],
          ] as const
        ).map(async ([from, host, port, expected, what]) =>
          assert.equal(await ask(namespaces, from, host, port), expected, `${what}, ${when}`),
        ),
      )
    await check('at first')
    await machine.restart(['c1'])
    await check('after a restart')
    using nftables = new Nftables()
    nftables.run('flush ruleset')
    await setTimeout(200)
    await check('after a flush')
  }),
)

test('a port on one address is not reached by another interface', { skip }, (t) =>
  withNeighbour(async (machine, outside) => {
    const { namespaces } = machine
    const gateway = machine.networks.find('bridge').ipam.Config?.[0]?.Gateway ?? ''
    const sandbox = await machine.networks.createSandbox(
      sandboxRequest('c1', ['bridge'], publish(['80/tcp', gateway, '8080'], ['81/tcp', '192.0.2.1', '8081'])),
    )
    assert.ok(sandbox.path)
    const servers = [80, 81].map((port) => echoPeer(namespaces, sandbox.path as string, '0.0.0.0', port))
    t.after(() => servers.map((server) => server.close()))
    assert.equal(await ask(namespaces, outside, gateway, 8080), 'ECONNREFUSED')
    assert.equal(await ask(namespaces, outside, '192.0.2.1', 8081), '192.0.2.9')
    const { network } = await machine.networks.create({ name: 'other' })
    const other = await machine.networks.createSandbox(sandboxRequest('c2', [network.id]))
    assert.equal(await ask(namespaces, other.path, '192.0.2.1', 8081), other.endpoints.other?.ipv4?.address)
    assert.equal(await ask(namespaces, other.path, '172.17.0.2', 80), 'TIMEOUT', 'networks are apart')
  }),
)

test('outward: behind the address of the host, unless the network is internal', { skip }, (t) =>
  withNeighbour(async (machine, outside) => {
    const { namespaces, networks } = machine
    const server = echoPeer(namespaces, outside, '0.0.0.0', 5000)
    t.after(() => server.close())
    await networks.create({ name: 'web' })
    await networks.create({ name: 'inside', internal: true })
    const web = await networks.createSandbox(sandboxRequest('c1', ['web']))
    const inside = await networks.createSandbox(
      sandboxRequest('c2', ['inside'], publish(['80/tcp', '', '8080'])),
    )
    assert.equal(await ask(namespaces, web.path, '192.0.2.9', 5000), '192.0.2.1')
    assert.equal(await ask(namespaces, inside.path, '192.0.2.9', 5000), 'ENETUNREACH')
    assert.deepEqual(inside.ports, {})
    const both = await networks.createSandbox(sandboxRequest('c3', ['inside', 'web']))
    assert.equal(await ask(namespaces, both.path, '192.0.2.9', 5000), '192.0.2.1')
  }),
)

test('containers of a network without inter-container traffic', { skip }, async (t) => {
  await using machine = new Machine()
  const { networks, namespaces } = machine
  await networks.restore([])
  const options = { 'com.docker.network.bridge.enable_icc': 'false' }
  await networks.create({ name: 'apart', options })
  const a = await networks.createSandbox(sandboxRequest('c1', ['apart'], publish(['80/tcp', '', '8080'])))
  const b = await networks.createSandbox(sandboxRequest('c2', ['apart']))
  assert.ok(a.path)
  const server = echoPeer(namespaces, a.path, '0.0.0.0', 80)
  t.after(() => server.close())
  const address = a.endpoints.apart?.ipv4?.address ?? ''
  assert.match(await ask(namespaces, b.path, address, 80), /TIMEOUT|EHOSTUNREACH/)
  assert.equal(await ask(namespaces, null, '127.0.0.1', 8080), a.endpoints.apart?.ipv4?.gateway)
})

test('a link opens the ports it names, in its direction, as long as both are there', { skip }, async (t) => {
  await using machine = new Machine()
  const { networks, namespaces } = machine
  await networks.restore([])
  const options = { 'com.docker.network.bridge.enable_icc': 'false' }
  await networks.create({ name: 'apart', options, ipam: { Config: [{ Subnet: '172.29.0.0/24' }] } })
  const target = await networks.createSandbox(sandboxRequest('target', ['apart']))
  const links = [{ containerId: 'target', ports: ['80/tcp', '90-91/tcp'] }]
  const user = await networks.createSandbox({ ...sandboxRequest('user', ['apart']), links })
  const other = await networks.createSandbox(sandboxRequest('other', ['apart']))
  const [targetPath, userPath] = [target.path as string, user.path as string]
  const servers = [80, 81, 91].map((port) => echoPeer(namespaces, targetPath, '0.0.0.0', port))
  const back = echoPeer(namespaces, userPath, '0.0.0.0', 80)
  t.after(() => [...servers, back].map((server) => server.close()))
  const [address = '', own = ''] = [target, user].map(({ endpoints }) => endpoints.apart?.ipv4?.address)
  const closed = /TIMEOUT|EHOSTUNREACH/
  const check = async (when: string, running: Networks) => {
    assert.equal(await ask(namespaces, userPath, address, 80), own, when)
    assert.equal(await ask(namespaces, userPath, address, 91), own, when)
    assert.match(await ask(namespaces, userPath, address, 81), closed, 'a port that is not exposed')
    assert.match(await ask(namespaces, targetPath, own, 80), closed, 'the other way')
    assert.match(await ask(namespaces, other.path, address, 80), closed, 'somebody else')
    assert.ok(running.sandbox('user'))
  }
  await check('at first', networks)
  await machine.restart(['target', 'user', 'other'])
  await check('after a restart', machine.networks)
  machine.networks.link('user', [])
  assert.match(await ask(namespaces, userPath, address, 80), closed, 'unlinked')
  machine.networks.link('user', links)
  assert.equal(await ask(namespaces, userPath, address, 80), own, 'linked again')
  await machine.networks.removeSandbox('target')
  const next = await machine.networks.createSandbox(
    sandboxRequest('next', ['apart'], { settings: { IPAMConfig: { IPv4Address: address } } }),
  )
  const nextServer = echoPeer(namespaces, next.path as string, '0.0.0.0', 80)
  t.after(() => nextServer.close())
  assert.match(await ask(namespaces, userPath, address, 80), closed, 'whoever has the address now')
})

test('CVE-2024-32473: no IPv6 on a network without it; no router is believed', { skip }, async () => {
  await using machine = new Machine()
  const { networks, namespaces } = machine
  await networks.restore([])
  await networks.create({ name: 'six', enableIPv6: true, ipam: { Config: [{ Subnet: 'fd00:1::/64' }] } })
  const sandbox = await networks.createSandbox(sandboxRequest('c1', ['bridge', 'six']))
  assert.ok(sandbox.path)
  using namespace = new ContainerNamespace(namespaces, sandbox.path)
  const addresses = (name: string) =>
    namespace.rtnetlink
      .addresses()
      .filter(({ index, address }) => index === namespace.indexOf(name) && address.includes(':'))
      .map(({ address }) => address)
  assert.deepEqual(addresses('eth0'), [])
  assert.ok(addresses('eth1').includes('fd00:1::2'))

  for (const name of ['eth0', 'eth1'])
    assert.equal(
      namespace.enter(() => readFileSync(`/proc/sys/net/ipv6/conf/${name}/accept_ra`, 'utf8').trim()),
      '0',
    )
  using rtnetlink = new Rtnetlink()
  const bridge = interfaceIndex('gantry0')
  assert.deepEqual(
    rtnetlink.addresses().filter(({ index, address }) => index === bridge && address.includes(':')),
    [],
  )
})

test('IPv6: neighbours, outward, and ports on both families', { skip }, (t) =>
  withNeighbour(async (machine, outside) => {
    const { networks, namespaces } = machine
    const config = [{ Subnet: 'fd00:1::/64' }]
    await networks.create({ name: 'six', enableIPv6: true, ipam: { Config: config } })
    const a = await networks.createSandbox(sandboxRequest('c1', ['six'], publish(['80/tcp', '', '8080'])))
    const b = await networks.createSandbox(sandboxRequest('c2', ['six']))
    assert.ok(a.path)
    assert.deepEqual(a.ports['80/tcp'], [
      { HostIp: '0.0.0.0', HostPort: '8080' },
      { HostIp: '::', HostPort: '8080' },
    ])
    const servers = [echoPeer(namespaces, a.path, '::', 80), echoPeer(namespaces, outside, '::', 5000)]
    t.after(() => servers.map((server) => server.close()))
    assert.equal(await ask(namespaces, b.path, 'fd00:1::2', 80), 'fd00:1::3')
    assert.equal(await ask(namespaces, outside, '2001:db8:1::1', 8080), '2001:db8:1::9')
    assert.equal(await ask(namespaces, null, '2001:db8:1::1', 8080), '2001:db8:1::1')
    assert.equal(await ask(namespaces, b.path, '2001:db8:1::9', 5000), '2001:db8:1::1')
    assert.equal(await ask(namespaces, outside, 'fd00:1::2', 80), 'TIMEOUT')
    assert.equal(await ask(namespaces, null, '::1', 8080), 'fd00:1::1', 'by the forwarder')
  }),
)

test('UDP ports', { skip }, async (t) => {
  await using machine = new Machine()
  const { networks, namespaces } = machine
  await networks.restore([])
  const sandbox = await networks.createSandbox(
    sandboxRequest('c1', ['bridge'], publish(['53/udp', '', '5353'])),
  )
  assert.deepEqual(sandbox.ports['53/udp']?.[0], { HostIp: '0.0.0.0', HostPort: '5353' })
  const server = createSocket('udp4')
  const client = createSocket('udp4')
  t.after(() => {
    server.close()
    client.close()
  })
  const inside = namespaces.enter(sandbox.path as string, () =>
    openSocket('udp', { address: '0.0.0.0', port: 53 }),
  )
  server.on('message', (message, sender) => server.send(message, sender.port, sender.address))
  await new Promise<void>((resolve) => server.bind({ fd: inside }, resolve))
  const echoed = new Promise<string>((resolve) => client.on('message', (message) => resolve(String(message))))
  client.bind({ fd: openSocket('udp', { address: '0.0.0.0', port: 0 }) }, () =>
    client.send('hello', 5353, '127.0.0.1'),
  )
  assert.equal(await echoed, 'hello')
})

test('the FORWARD chain of iptables lets our bridges through, as long as there are', { skip }, (t) =>
  withNeighbour(async (machine, outside) => {
    const { networks, namespaces } = machine
    using nftables = new Nftables()
    nftables.run(
      'table ip filter { chain FORWARD { type filter hook forward priority filter; policy drop; }\n}',
    )
    t.after(() => {
      using again = new Nftables()
      again.run('delete table ip filter')
    })
    const server = echoPeer(namespaces, outside, '0.0.0.0', 5000)
    t.after(() => server.close())
    const { network } = await networks.create({ name: 'web' })
    const sandbox = await networks.createSandbox(sandboxRequest('c1', ['web']))
    assert.equal(await ask(namespaces, sandbox.path, '192.0.2.9', 5000), '192.0.2.1')
    const rules = () => nftables.run('list chain ip filter FORWARD')
    assert.match(rules(), new RegExp(`iifname "${network.bridgeName}" .*accept`))
    await networks.removeSandbox('c1')
    await networks.remove('web')
    assert.doesNotMatch(rules(), new RegExp(`${network.bridgeName}`))
    assert.match(rules(), /gantry0/)
  }),
)

test('what the host did not forward before, it does not forward now', { skip }, async (t) => {
  using rtnetlink = new Rtnetlink()
  using nftables = new Nftables()
  writeSetting('ipv4/ip_forward', '0')
  for (const name of ['lan0', 'lan1']) rtnetlink.addBridge(name)
  t.after(() => {
    using again = new Rtnetlink()
    for (const name of ['lan0', 'lan1']) again.deleteLink(name)
  })
  await using machine = new Machine()
  await machine.networks.restore([])
  const rules = nftables.run('list chain inet gantry-forwarding ipv4')
  assert.match(rules, /iifname "lan0" oifname "lan0" accept/)
  assert.match(rules, /iifname { "lan0", "lan1" } oifname { "lan0", "lan1" } drop/)
  assert.doesNotMatch(rules, /gantry0/)
  assert.match(machine.logged.join(), /turned on IPv4 forwarding/)
})

after(() => {
  if (!isRoot) return
  using nftables = new Nftables()
  nftables.run('flush ruleset')
})
