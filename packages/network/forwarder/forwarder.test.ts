import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { closeSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { bind, check, interfaceIndex, NetworkNamespaces, openSocket, Rtnetlink } from '@gantry/syscall'
import { until } from '../../../test/until.ts'
import { readSetting, writeSetting } from '../bridge/sysctl.ts'
import { socketOf } from '../dns/forwarder.ts'
import { PortReservations } from '../ports/reservations.ts'
import { ContainerNamespace } from '../sandbox/namespace.ts'
import { ask, echoPeer, enterOwnNetwork, isRoot, Machine, sandboxRequest } from '../testing.ts'
import { PortForwarder } from './port-forwarder.ts'

const skip = !isRoot && 'needs root'
if (isRoot) enterOwnNetwork()

const publish = (...bindings: [port: string, hostIp: string, hostPort: string][]) => ({
  ports: {
    bindings: Object.fromEntries(bindings.map(([port, HostIp, HostPort]) => [port, [{ HostIp, HostPort }]])),
    exposed: [],
    publishAll: false,
  },
})

/** Processes of this machine's forwarder. */
function forwarders({ runDir }: Machine): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        return command.includes('forwarder/main.ts') && command.includes(runDir)
      } catch {
        return false
      }
    })
}

async function machineWith(...bindings: [port: string, hostIp: string, hostPort: string][]) {
  const machine = new Machine()
  await machine.networks.restore([])
  const sandbox = await machine.networks.createSandbox(sandboxRequest('c1', ['bridge'], publish(...bindings)))
  return { machine, path: sandbox.path as string, ports: sandbox.ports }
}

/** A server inside the namespace that does with each connection what `serve` says. */
function serverIn(machine: Machine, path: string, serve: (socket: Socket) => void): Server {
  const fd = machine.namespaces.enter(path, () => openSocket('tcp', { address: '0.0.0.0', port: 80 }))
  return createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    serve(socket)
  }).listen({ fd })
}

/** Sends a datagram to `::1` with a source port that no socket of UDP can have, ip(7), ipv6(7). */
function sendFromPortZero(port: number, text: string): void {
  const [SOCK_RAW, IPPROTO_UDP, IPPROTO_IPV6, IPV6_CHECKSUM] = [3, 17, 41, 7]
  const AF_INET6 = 10
  const fd = check(
    'socket',
    bind('int socket(int domain, int type, int protocol)')(AF_INET6, SOCK_RAW, IPPROTO_UDP),
  )
  try {
    const checksumAt = Buffer.alloc(4)
    checksumAt.writeInt32LE(6)
    const setsockopt = bind('int setsockopt(int fd, int level, int name, const void *value, uint32_t size)')
    check('setsockopt', setsockopt(fd, IPPROTO_IPV6, IPV6_CHECKSUM, checksumAt, 4))
    const datagram = Buffer.concat([Buffer.alloc(8), Buffer.from(text)])
    datagram.writeUInt16BE(port, 2)
    datagram.writeUInt16BE(datagram.length, 4)
    const address = Buffer.alloc(28)
    address.writeUInt16LE(AF_INET6, 0)
    address[23] = 1
    const sendto = bind(
      'long sendto(int fd, const void *data, size_t length, int flags, const void *address, uint32_t size)',
    )
    check('sendto', sendto(fd, datagram, datagram.length, 0, address, address.length))
  } finally {
    closeSync(fd)
  }
}

async function connectTo(host: string, port: number): Promise<Socket> {
  const socket = socketOf(openSocket('tcp', { address: '::', port: 0 }))
  socket.connect({ host, port })
  await once(socket, 'connect')
  return socket
}

test('a container without IPv6 is served on all IPv6 addresses of the host', { skip }, async (t) => {
  const { machine, path, ports } = await machineWith(['80/tcp', '', '8080'], ['81/tcp', '::1', '8081'])
  await using _ = machine
  assert.deepEqual(ports, {
    '80/tcp': ['0.0.0.0', '::'].map((HostIp) => ({ HostIp, HostPort: '8080' })),
    '81/tcp': [{ HostIp: '::1', HostPort: '8081' }],
  })
  const servers = [80, 81].map((port) => echoPeer(machine.namespaces, path, '0.0.0.0', port))
  t.after(() => servers.map((server) => server.close()))
  const gateway = '172.17.0.1'
  assert.equal(await ask(machine.namespaces, null, '::1', 8080), gateway)
  assert.equal(await ask(machine.namespaces, null, '::1', 8081), gateway)
  assert.equal(await ask(machine.namespaces, null, '127.0.0.1', 8080), gateway, 'by the kernel, still')
  assert.equal(forwarders(machine).length, 1)
  const { mode } = statSync(join(machine.runDir, 'forwarder.sock'))
  assert.equal(mode & 0o777, 0o600)
  await machine.networks.createSandbox(sandboxRequest('c2', ['bridge'], publish(['80/tcp', '', '8082'])))
  assert.equal(forwarders(machine).length, 1, 'one for all')

  await machine.networks.removeSandbox('c1')
  assert.equal(await ask(machine.namespaces, null, '::1', 8080), 'ECONNREFUSED')
  await machine.networks.removeSandbox('c2')
  await until('it ends when it has no port left', () => forwarders(machine).length === 0)
})

test('bytes, ends and breaks are carried as they are', { skip }, async (t) => {
  const { machine, path } = await machineWith(['80/tcp', '', '8080'])
  await using _ = machine
  const size = 64 << 20
  const served: Socket[] = []
  const server = serverIn(machine, path, (socket) => {
    served.push(socket)
    if (served.length === 1) socket.end(Buffer.alloc(size, 'x'))
    if (served.length === 2) socket.pipe(socket)
  })
  t.after(() => server.close())

  const slow = await connectTo('::1', 8080)
  let held = 0
  await until('the sender to be held up', async () => {
    held = served[0]?.writableLength ?? 0
    await setTimeout(200)
    return held > 0 && served[0]?.writableLength === held
  })
  assert.ok(held > size / 4, `whoever does not read is not read for: ${held} wait at the sender`)
  let received = 0
  for await (const chunk of slow) received += (chunk as Buffer).length
  assert.equal(received, size)

  const half = await connectTo('::1', 8080)
  half.end('what was said before the end')
  let echoed = ''
  for await (const chunk of half) echoed += chunk
  assert.equal(echoed, 'what was said before the end')

  const broken = await connectTo('::1', 8080)
  await until('a third connection', () => served.length === 3)
  served[2]?.resetAndDestroy()
  const [error] = (await once(broken, 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'ECONNRESET')

  const cut = await connectTo('::1', 8080)
  await until('a fourth connection', () => served.length === 4)
  const lost = once(cut, 'error')
  await machine.networks.removeSandbox('c1')
  assert.equal(((await lost) as [NodeJS.ErrnoException])[0].code, 'ECONNRESET', 'the container has gone')
})

test('nobody listens in the container: the connection is broken', { skip }, async () => {
  const { machine } = await machineWith(['80/tcp', '', '8080'])
  await using _ = machine
  assert.equal(await ask(machine.namespaces, null, '::1', 8080), 'ECONNRESET')
})

test('UDP', { skip }, async (t) => {
  const { machine, path } = await machineWith(['53/udp', '', '5353'])
  await using _ = machine
  const server = createSocket('udp4')
  const clients = [createSocket('udp6'), createSocket('udp6')]
  t.after(() => [server, ...clients].map((socket) => socket.close()))
  server.on('message', (message, sender) => server.send(`${message}!`, sender.port, sender.address))
  const inside = machine.namespaces.enter(path, () => openSocket('udp', { address: '0.0.0.0', port: 53 }))
  await new Promise<void>((resolve) => server.bind({ fd: inside }, resolve))
  const answers = clients.map(async (client, index) => {
    await new Promise<void>((resolve) =>
      client.bind({ fd: openSocket('udp', { address: '::', port: 0 }) }, resolve),
    )
    client.send(`client ${index}`, 5353, '::1')
    return String((await once(client, 'message'))[0])
  })
  assert.deepEqual(await Promise.all(answers), ['client 0!', 'client 1!'])
})

test('a datagram from port 0, which nobody can answer, takes nothing from others', { skip }, async (t) => {
  const { machine, path } = await machineWith(['53/udp', '', '5353'])
  await using _ = machine
  const server = createSocket('udp4')
  const client = createSocket('udp6')
  t.after(() => [server, client].map((socket) => socket.close()))
  const seen: string[] = []
  server.on('message', (message, sender) => {
    seen.push(String(message))
    server.send(message, sender.port, sender.address)
  })
  const inside = machine.namespaces.enter(path, () => openSocket('udp', { address: '0.0.0.0', port: 53 }))
  await new Promise<void>((resolve) => server.bind({ fd: inside }, resolve))
  await new Promise<void>((resolve) =>
    client.bind({ fd: openSocket('udp', { address: '::', port: 0 }) }, resolve),
  )
  const pids = forwarders(machine)
  sendFromPortZero(5353, 'from nowhere')
  client.send('hello', 5353, '::1')
  assert.equal(String((await once(client, 'message', { signal: AbortSignal.timeout(30_000) }))[0]), 'hello')
  client.send('again', 5353, '::1')
  assert.equal(String((await once(client, 'message', { signal: AbortSignal.timeout(30_000) }))[0]), 'again')
  assert.deepEqual(seen, ['hello', 'again'])
  assert.deepEqual(forwarders(machine), pids)
})

test('connections outlive the daemon, and the next one goes on with the same forwarder', {
  skip,
}, async (t) => {
  const { machine, path } = await machineWith(['80/tcp', '', '8080'])
  await using _ = machine
  const server = serverIn(machine, path, (socket) => socket.pipe(socket))
  t.after(() => server.close())
  const client = await connectTo('::1', 8080)
  client.on('error', () => {}) // when the container goes
  t.after(() => client.destroy())
  const echo = async (text: string) => {
    client.write(text)
    return String((await once(client, 'data'))[0])
  }
  assert.equal(await echo('before'), 'before')
  const pids = forwarders(machine)
  await machine.restart(['c1'])
  assert.equal(await echo('after'), 'after')
  assert.deepEqual(forwarders(machine), pids)
  assert.deepEqual(machine.logged, [])
  await assert.rejects(
    machine.networks.createSandbox(sandboxRequest('c2', ['bridge'], publish(['80/tcp', '::', '8080']))),
    /Bind for \[::\]:8080 failed: port is already allocated/,
  )
  await machine.restart([])
  await until('it ends with the last container', () => forwarders(machine).length === 0)
})

test('a forwarder that was killed comes back, while the daemon runs and with the next one', {
  skip,
}, async (t) => {
  const { machine, path } = await machineWith(['80/tcp', '', '8080'])
  await using _ = machine
  const server = echoPeer(machine.namespaces, path, '0.0.0.0', 80)
  t.after(() => server.close())
  const answers = async () => (await ask(machine.namespaces, null, '::1', 8080)) === '172.17.0.1'
  for (const pid of forwarders(machine)) process.kill(pid, 'SIGKILL')
  await until('the port is served again', answers)
  await machine.networks.close()
  for (const pid of forwarders(machine)) process.kill(pid, 'SIGKILL')
  machine.reopen()
  await machine.networks.restore(['c1'])
  assert.ok(await answers())
})

test('a forwarder whose place was removed while no daemon ran keeps no port from the next one', {
  skip,
}, async (t) => {
  const { machine, path } = await machineWith(['80/tcp', '', '8080'])
  await using _ = machine
  const server = echoPeer(machine.namespaces, path, '0.0.0.0', 80)
  t.after(() => server.close())
  await machine.networks.close()
  rmSync(join(machine.runDir, 'forwarder.sock'))
  await until('it ends', () => forwarders(machine).length === 0)
  machine.reopen()
  await machine.networks.restore(['c1'])
  assert.equal(await ask(machine.namespaces, null, '::1', 8080), '172.17.0.1')
})

test("a port that is another process's on IPv6 only", { skip }, async (t) => {
  const { machine } = await machineWith()
  await using _ = machine
  const taken = createServer().listen({ fd: openSocket('tcp', { address: '::', port: 8085 }) })
  t.after(() => taken.close())
  await assert.rejects(
    machine.networks.createSandbox(sandboxRequest('c2', ['bridge'], publish(['80/tcp', '', '8085']))),
    /^GantryError: driver failed programming external connectivity on endpoint name-c2 \([0-9a-f]{64}\): listen tcp6 \[::\]:8085: bind: address already in use$/,
  )
  assert.equal(machine.networks.sandbox('c2'), null)
  assert.equal(forwarders(machine).length, 0)
})

test('a port that the forwarder cannot have; the others it serves', { skip }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-network-'))
  const reservations = new PortReservations()
  const forwarder = new PortForwarder({
    socket: join(directory, 'forwarder.sock'),
    enabled: true,
    reservations,
    log: () => {},
  })
  const taken = createServer().listen({ fd: openSocket('tcp', { address: '::', port: 8085 }) })
  t.after(async () => {
    taken.close()
    await forwarder.close()
    rmSync(directory, { recursive: true })
  })
  const port = (hostPort: number) => ({
    protocol: 'tcp' as const,
    hostIp: '::',
    hostPort,
    target: { address: '127.0.0.1', port: 9 },
  })
  await forwarder.set('c1', [port(8086)])
  await assert.rejects(forwarder.set('c2', [port(8087), port(8085)]), {
    message: 'listen tcp6 [::]:8085: bind: address already in use',
  })
  const namespaces = new NetworkNamespaces()
  t.after(() => namespaces.close())
  assert.equal(await ask(namespaces, null, '::1', 8086), 'ECONNRESET')
  assert.equal(await ask(namespaces, null, '::1', 8087), 'ECONNREFUSED', 'all or none')
  await forwarder.withdraw('c1')
})

test('without it, and on a host without IPv6, only IPv4 addresses are served', { skip }, async () => {
  await using off = new Machine({ userlandProxy: false })
  await off.networks.restore([])
  const request = (hostIp: string) => sandboxRequest('c1', ['bridge'], publish(['80/tcp', hostIp, '8080']))
  const only4 = { '80/tcp': [{ HostIp: '0.0.0.0', HostPort: '8080' }] }
  assert.deepEqual((await off.networks.createSandbox(request(''))).ports, only4)
  assert.equal(await ask(off.namespaces, null, '::1', 8080), 'ECONNREFUSED')
  await assert.rejects(off.networks.createSandbox(request('::1')), /cannot publish on ::1/)
  assert.equal(forwarders(off).length, 0)

  await using machine = new Machine({ defaultBridge: { name: 'gantry1' }, table: 'gantry1' })
  await machine.networks.restore([])
  const settings = ['ipv6/conf/lo/disable_ipv6', 'ipv6/conf/all/disable_ipv6']
  const before = settings.map((name) => [name, readSetting(name)] as const)
  try {
    for (const name of settings) writeSetting(name, '1')
    assert.deepEqual((await machine.networks.createSandbox(request(''))).ports, only4)
    await assert.rejects(
      machine.networks.createSandbox(request('::1')),
      /listen tcp6 \[::1\]:8080: bind: cannot assign requested address/,
    )
  } finally {
    for (const [name, value] of before) writeSetting(name, value ?? '0')
  }
})

test('switched off between two daemons', { skip }, async () => {
  const { machine } = await machineWith(['80/tcp', '', '8080'])
  await using _ = machine
  await machine.networks.close()
  machine.reopen({ userlandProxy: false })
  await machine.networks.restore(['c1'])
  assert.deepEqual(machine.networks.sandbox('c1')?.ports, {
    '80/tcp': [{ HostIp: '0.0.0.0', HostPort: '8080' }],
  })
  await until('it has ended', () => forwarders(machine).length === 0)
})

test('CVE-2021-20199: a forwarded port on one address is open to its own interface only', {
  skip,
}, async (t) => {
  const { machine } = await machineWith()
  await using _ = machine
  const { networks, namespaces } = machine
  const outside = neighbour(machine)
  using cleanUp = new DisposableStack()
  cleanUp.defer(() => {
    using rtnetlink = new Rtnetlink()
    for (const name of ['out0', 'other0']) rtnetlink.deleteLink(name)
    namespaces.remove(outside)
  })
  const inside = await networks.create({
    name: 'inside',
    internal: true,
    enableIPv6: true,
    ipam: { Config: [{ Subnet: 'fd00:2::/64' }] },
  })
  const bindings = publish(
    ['80/tcp', '2001:db8:1::1', '8080'],
    ['81/tcp', '2001:db8:2::1', '8081'],
    ['82/tcp', '::1', '8082'],
    ['83/tcp', '', '8083'],
  )
  const sandbox = await networks.createSandbox(sandboxRequest('c1', ['bridge'], bindings))
  const servers = [80, 81, 82, 83].map((port) =>
    echoPeer(namespaces, sandbox.path as string, '0.0.0.0', port),
  )
  t.after(() => servers.map((server) => server.close()))
  const closed = await networks.createSandbox(sandboxRequest('c2', [inside.network.id]))
  const check = async (when: string) => {
    const cases = [
      [outside, '2001:db8:1::1', 8080, '172.17.0.1'],
      [outside, '2001:db8:2::1', 8081, 'TIMEOUT'],
      [outside, '::1', 8082, 'ECONNREFUSED|TIMEOUT|EADDRNOTAVAIL|ENETUNREACH'],
      [outside, '2001:db8:1::1', 8082, 'ECONNREFUSED'],
      [outside, '2001:db8:1::1', 8083, '172.17.0.1'],
      [null, '2001:db8:2::1', 8081, '172.17.0.1'],
      [closed.path, 'fd00:2::1', 8083, 'TIMEOUT'],
    ] as const
    const answers = cases.map(([from, host, port]) => ask(namespaces, from, host, port))
    for (const [index, answer] of (await Promise.all(answers)).entries()) {
      const [, host, port, expected] = cases[index] as (typeof cases)[number]
      assert.match(answer, new RegExp(`^(${expected})$`), `[${host}]:${port} ${when}`)
    }
  }
  await check('at first')
  await machine.restart(['c1', 'c2'])
  await check('after a restart')
})

/** A machine on the link of 2001:db8:1::1, one of our two addresses, that takes us for its router. */
function neighbour(machine: Machine): string {
  const path = join(machine.runDir, 'neighbour')
  using rtnetlink = new Rtnetlink()
  machine.namespaces.create(path)
  using namespace = new ContainerNamespace(machine.namespaces, path)
  for (const [name, address] of [
    ['out0', '2001:db8:1::1'],
    ['other0', '2001:db8:2::1'],
  ] as const) {
    if (name === 'out0') rtnetlink.addVeth(name, {}, { name: 'eth0', netns: namespace.fd })
    else rtnetlink.addBridge(name)
    writeSetting(`ipv6/conf/${name}/accept_dad`, '0')
    const index = interfaceIndex(name) ?? 0
    rtnetlink.addAddress({ index, address, prefix: 64 })
    rtnetlink.setLink(index, { up: true })
  }
  const eth0 = namespace.indexOf('eth0') ?? 0
  namespace.enter(() => writeSetting('ipv6/conf/eth0/accept_dad', '0'))
  namespace.rtnetlink.addAddress({ index: eth0, address: '2001:db8:1::9', prefix: 64 })
  namespace.rtnetlink.setLink(eth0, { up: true })
  namespace.rtnetlink.addRoute({ destination: '::/0', gateway: '2001:db8:1::1', index: eth0 })
  return path
}
