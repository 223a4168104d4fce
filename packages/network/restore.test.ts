import assert from 'node:assert/strict'
import { mkdirSync, readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { interfaceIndex, Nftables, openSocket, Rtnetlink } from '@gantry/syscall'
import { socketOf } from './dns/forwarder.ts'
import { ask, echoPeer, enterOwnNetwork, isRoot, Machine, sandboxRequest } from './testing.ts'

const skip = !isRoot && 'needs root'
if (isRoot) enterOwnNetwork()

const published = {
  ports: { bindings: { '80/tcp': [{ HostPort: '8080' }] }, exposed: [], publishAll: false },
}

test('connections outlive the daemon', { skip }, async (t) => {
  await using machine = new Machine()
  await machine.networks.restore([])
  const sandbox = await machine.networks.createSandbox(sandboxRequest('c1', ['bridge'], published))
  const server = createServer((socket) => {
    t.after(() => socket.destroy())
    socket.pipe(socket)
  })
  const inside = () => openSocket('tcp', { address: '0.0.0.0', port: 80 })
  server.listen({ fd: machine.namespaces.enter(sandbox.path as string, inside) })
  const client = socketOf(openSocket('tcp', { address: '0.0.0.0', port: 0 }))
  client.on('error', () => {}) // when the container goes
  t.after(() => {
    client.destroy()
    server.close()
  })
  const echo = (text: string) =>
    new Promise<string>((resolve) => {
      client.once('data', (chunk: Buffer) => resolve(String(chunk)))
      client.write(text)
    })
  await new Promise<void>((resolve) => client.connect({ host: '127.0.0.1', port: 8080 }, resolve))
  assert.equal(await echo('before'), 'before')
  await machine.restart(['c1'])
  assert.equal(await echo('after'), 'after')
  assert.deepEqual(machine.networks.sandbox('c1'), sandbox)
  await assert.rejects(
    machine.networks.createSandbox(sandboxRequest('c2', ['bridge'], published)),
    /port is already allocated/,
  )
  const next = await machine.networks.createSandbox(sandboxRequest('c3', ['bridge']))
  assert.equal(next.endpoints.bridge?.ipv4?.address, '172.17.0.3', 'its address is still taken')
})

test('what the last daemon left half made is gone', { skip }, async () => {
  await using machine = new Machine()
  await machine.networks.restore([])
  const whole = await machine.networks.createSandbox(sandboxRequest('c1', ['bridge']))
  const half = await machine.networks.createSandbox(sandboxRequest('c2', ['bridge'], published))
  const record = machine.tables.sandboxes.get('c2')
  assert.ok(record)
  machine.tables.sandboxes.set('c2', { ...record, ready: false })
  machine.namespaces.create(join(machine.runDir, 'netns', 'leftover'))
  using rtnetlink = new Rtnetlink()
  rtnetlink.addVeth(
    'vethstray',
    { master: interfaceIndex('gantry0') },
    {
      name: 'vethpeer',
      netns: machine.namespaces.open('/proc/thread-self/ns/net'),
    },
  )
  await machine.restart(['c1', 'c2'])
  assert.equal(machine.networks.sandbox('c2'), null)
  assert.deepEqual(machine.networks.sandbox('c1'), whole)
  assert.deepEqual(readdirSync(join(machine.runDir, 'netns')), ['c1'])
  assert.equal(interfaceIndex('vethstray'), undefined)
  assert.equal(await ask(machine.namespaces, null, '127.0.0.1', 8080), 'ECONNREFUSED')
  assert.equal(machine.tables.endpoints.get(half.endpoints.bridge?.id ?? ''), undefined)
  await machine.restart([])
  assert.equal(machine.networks.sandbox('c1'), null)
  assert.deepEqual(readdirSync(join(machine.runDir, 'netns')), [])
  assert.deepEqual(machine.tables.sandboxes.values(), [])
})

test('what lies among the namespaces and cannot be removed is told, and keeps no daemon from starting', {
  skip,
}, async () => {
  await using machine = new Machine()
  mkdirSync(join(machine.runDir, 'netns', 'strange', 'directory'), { recursive: true })
  await machine.networks.restore([])
  assert.match(machine.logged.join(), /cannot remove the namespace strange: /)
  await machine.networks.createSandbox(sandboxRequest('c1', ['bridge']))
})

test('after a reboot networks are made anew', { skip }, async () => {
  await using machine = new Machine()
  await machine.networks.restore([])
  const { network } = await machine.networks.create({ name: 'web' })
  using rtnetlink = new Rtnetlink()
  for (const name of ['gantry0', network.bridgeName as string]) rtnetlink.deleteLink(name)
  using nftables = new Nftables()
  nftables.run('flush ruleset')
  await machine.restart([])
  assert.deepEqual(machine.networks.find('web'), network)
  const sandbox = await machine.networks.createSandbox(sandboxRequest('c1', ['web']))
  assert.equal(sandbox.endpoints.web?.ipv4?.address, '172.18.0.2')
})

test('two daemons side by side', { skip }, async (t) => {
  await using one = new Machine()
  await using two = new Machine({ defaultBridge: { name: 'gantry1' }, table: 'gantry-gantry1' })
  await one.networks.restore([])
  await two.networks.restore([])
  const a = await one.networks.createSandbox(sandboxRequest('c1', ['bridge'], published))
  const b = await two.networks.createSandbox(sandboxRequest('c1', ['bridge']))
  assert.equal(b.endpoints.bridge?.ipv4?.address, '172.18.0.2')
  const servers = [a, b].map(({ path }) => echoPeer(one.namespaces, path as string, '0.0.0.0', 80))
  t.after(() => servers.map((server) => server.close()))
  await two.restart(['c1'])
  assert.equal(await ask(one.namespaces, b.path, '172.18.0.1', 8080), '172.17.0.1')
  assert.equal(await ask(one.namespaces, null, '172.18.0.2', 80), '172.18.0.1')
  assert.equal(await ask(one.namespaces, a.path, '172.18.0.2', 80), 'TIMEOUT')
  await assert.rejects(
    two.networks.createSandbox(sandboxRequest('c2', ['bridge'], published)),
    /listen tcp4 0\.0\.0\.0:8080: bind: address already in use/,
  )
})

test('more networks for a running container, and fewer', { skip }, async (t) => {
  await using machine = new Machine()
  const { networks, namespaces } = machine
  await networks.restore([])
  for (const name of ['alpha', 'zeta']) await networks.create({ name })
  const sandbox = await networks.createSandbox(sandboxRequest('c1', ['zeta'], published))
  const server = echoPeer(namespaces, sandbox.path as string, '0.0.0.0', 80)
  t.after(() => server.close())
  const request = { containerId: 'c1', containerName: 'name-c1', hostname: '', settings: {} }
  const added = await networks.connect('c1', 'alpha', request)
  assert.equal(added.interfaceName, 'eth1')
  await assert.rejects(
    networks.connect('c1', 'alpha', request),
    /endpoint with name name-c1 already exists in network alpha/,
  )
  assert.equal(await ask(namespaces, null, '127.0.0.1', 8080), added.ipv4?.gateway, 'alpha sorts first')
  await networks.disconnect('c1', 'alpha')
  await assert.rejects(networks.disconnect('c1', 'alpha'), /container c1 is not connected to network alpha/)
  assert.equal(await ask(namespaces, null, '127.0.0.1', 8080), sandbox.endpoints.zeta?.ipv4?.gateway)
  assert.deepEqual(networks.sandbox('c1'), sandbox)
  assert.equal(interfaceIndex(added.hostInterface ?? ''), undefined)
})

test('a network that cannot be left is left when the container goes', { skip }, async () => {
  await using machine = new Machine()
  const { networks, namespaces, tables } = machine
  await networks.restore([])
  await networks.create({ name: 'alpha' })
  const sandbox = await networks.createSandbox(sandboxRequest('c1', ['alpha'], published))
  namespaces.remove(sandbox.path as string)
  await assert.rejects(networks.disconnect('c1', 'alpha'), /ENOENT/)
  assert.deepEqual(networks.sandbox('c1'), sandbox)
  await networks.removeSandbox('c1')
  assert.deepEqual([tables.endpoints.values(), tables.sandboxes.values()], [[], []])
  const next = await networks.createSandbox(sandboxRequest('c2', ['alpha'], published))
  assert.equal(next.endpoints.alpha?.ipv4?.address, sandbox.endpoints.alpha?.ipv4?.address)
})
