import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { test } from 'node:test'
import { portMap } from './published.ts'
import { PortReservations } from './reservations.ts'
import { portWishes } from './wishes.ts'

const reach = { ipv4: true, ipv6: false, defaultIPv4: '0.0.0.0', hostIPv6: true, forwarder: false }
const request = (
  bindings: Record<string, { HostIp?: string; HostPort?: string }[] | null>,
  exposed: string[] = [],
) => ({
  bindings,
  exposed,
  publishAll: false,
})

test('wishes', () => {
  assert.deepEqual(portWishes(request({ '80/tcp': [{ HostPort: '8080' }] }), reach), [
    { protocol: 'tcp', containerPort: 80, hostIps: ['0.0.0.0'], hostPorts: { first: 8080, last: 8080 } },
  ])
  const both = { ...reach, ipv6: true }
  assert.deepEqual(portWishes(request({ '53/udp': [{ HostPort: '' }] }), both)[0]?.hostIps, ['0.0.0.0', '::'])
  const forwarder = { ...reach, forwarder: true }
  const ipsOf = (port: string, binding: { HostIp?: string }, where: typeof reach) =>
    portWishes(request({ [port]: [binding] }), where)[0]?.hostIps
  assert.deepEqual(ipsOf('80/tcp', {}, forwarder), ['0.0.0.0', '::'])
  assert.deepEqual(ipsOf('80/tcp', { HostIp: '0.0.0.0' }, forwarder), ['0.0.0.0'])
  assert.deepEqual(ipsOf('80/tcp', { HostIp: '0:0::1' }, forwarder), ['::1'])
  assert.deepEqual(ipsOf('80/tcp', {}, { ...forwarder, hostIPv6: false }), ['0.0.0.0'])
  assert.deepEqual(ipsOf('80/tcp', {}, { ...forwarder, defaultIPv4: '127.0.0.1' }), ['127.0.0.1'])
  assert.deepEqual(ipsOf('80/sctp', {}, forwarder), ['0.0.0.0'], 'no such sockets')
  assert.throws(() => ipsOf('80/sctp', { HostIp: '::' }, forwarder), /the network has no IPv6$/)
  assert.throws(() => ipsOf('80/sctp', { HostIp: '::1' }, forwarder), /cannot publish on ::1/)
  assert.deepEqual(portWishes(request({ '80': [{ HostPort: '8000-8010' }] }), reach)[0]?.hostPorts, {
    first: 8000,
    last: 8010,
  })
  const all = { ...request({ '80/tcp': [{ HostPort: '1' }] }, ['80/tcp', '81/tcp']), publishAll: true }
  assert.deepEqual(
    portWishes(all, reach).map(({ containerPort, hostPorts }) => [containerPort, hostPorts?.first]),
    [
      [80, 1],
      [81, undefined],
    ],
  )
  assert.deepEqual(portWishes(request({ '80/tcp': null }), reach), [])
})

for (const [bindings, message] of [
  [{ '80/xyz': [{}] }, 'invalid proto: xyz'],
  [{ '99999/tcp': [{}] }, 'invalid containerPort: 99999'],
  [{ '80/tcp': [{ HostPort: '99999' }] }, 'invalid hostPort: 99999'],
  [{ '80/tcp': [{ HostPort: '9-8' }] }, 'invalid hostPort: 9-8'],
  [{ '80/tcp': [{ HostIp: '1.2.3' }] }, 'invalid IP address: 1.2.3'],
  [{ '80/tcp': [{ HostIp: '::' }] }, 'cannot publish on ::: the network has no IPv6'],
] as const)
  test(message, () => {
    assert.throws(() => portWishes(request(bindings as never), reach), { message })
  })

/** An address of the loopback that no other process uses: a port that is free there stays free. */
const ownAddress = `127.${(process.pid >> 16) + 1}.${(process.pid >> 8) & 255}.${process.pid & 255}`

const tcp = (first: number, hostIps = [ownAddress], last = first) => [
  { protocol: 'tcp' as const, containerPort: 80, hostIps, hostPorts: { first, last } },
]

/** A port nobody has at the moment. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, ownAddress)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

test('a port is ours, on an address or on all', async () => {
  const reservations = new PortReservations()
  const port = await freePort()
  const held = reservations.reserve(tcp(port))
  assert.deepEqual(held, [{ protocol: 'tcp', hostIp: ownAddress, hostPort: port, containerPort: 80 }])
  assert.throws(() => reservations.reserve(tcp(port)), {
    message: `Bind for ${ownAddress}:${port} failed: port is already allocated`,
  })
  assert.throws(() => reservations.reserve(tcp(port, ['0.0.0.0'])), {
    message: `Bind for 0.0.0.0:${port} failed: port is already allocated`,
  })
  const server = createServer().listen(port, ownAddress)
  const [error] = (await once(server, 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'EADDRINUSE', 'for every other process too')
  for (const one of held) reservations.release(one)
  assert.equal(reservations.reserve(tcp(port)).length, 1)
  reservations.close()
})

test("a port is another process's", async (t) => {
  const server = createServer().listen(0, ownAddress)
  t.after(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const reservations = new PortReservations()
  assert.throws(() => reservations.reserve(tcp(port)), {
    message: `listen tcp4 ${ownAddress}:${port}: bind: address already in use`,
  })
  const next = reservations.reserve(tcp(port, [ownAddress], port + 5))
  assert.ok((next[0]?.hostPort ?? 0) > port, 'the next one of a range')
  assert.throws(() => reservations.reserve(tcp(1234, ['203.0.113.1'])), {
    message: 'listen tcp4 203.0.113.1:1234: bind: cannot assign requested address',
  })
  reservations.close()
})

test('a port that the forwarder holds is ours all the same, and then held by us again', async () => {
  const reservations = new PortReservations()
  const port = await freePort()
  const [held] = reservations.reserve(tcp(port))
  assert.ok(held)
  reservations.lend(held)
  const forwarder = createServer().listen(port, ownAddress)
  await once(forwarder, 'listening')
  assert.throws(() => reservations.reserve(tcp(port)), /already allocated/)
  reservations.release(held)
  assert.equal(reservations.reserve(tcp(port)).length, 1, 'while the forwarder still has it')
  forwarder.close()
  await once(forwarder, 'close')
  reservations.giveBack(held)
  const other = createServer().listen(port, ownAddress)
  const [error] = (await once(other, 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'EADDRINUSE')
  reservations.close()
})

test('all or none', async () => {
  const reservations = new PortReservations()
  const [one, two] = [await freePort(), await freePort()]
  reservations.reserve(tcp(two))
  assert.throws(() => reservations.reserve([...tcp(one), ...tcp(two)]), /already allocated/)
  assert.equal(reservations.reserve(tcp(one)).length, 1)
  reservations.close()
})

test('connections that linger do not keep a port from us', async () => {
  const server = createServer((socket) => socket.end()).listen(0, ownAddress)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = connect(port, ownAddress)
  client.resume()
  await once(client, 'close') // the server closed first: its side is in TIME_WAIT
  server.close()
  await once(server, 'close')
  const reservations = new PortReservations()
  reservations.reserve(tcp(port))
  const second = createServer().listen(port, ownAddress)
  const [error] = (await once(second, 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'EADDRINUSE')
  reservations.close()
})

test('any free port', () => {
  const reservations = new PortReservations()
  const wish = { protocol: 'udp' as const, containerPort: 53, hostIps: [ownAddress], hostPorts: null }
  const ports = reservations.reserve([wish, wish]).map(({ hostPort }) => hostPort)
  assert.equal(new Set(ports).size, 2)
  assert.ok(ports.every((port) => port >= 1024))
  reservations.close()
})

test('ports as the API shows them', () => {
  const published = [
    { protocol: 'tcp' as const, hostIp: '0.0.0.0', hostPort: 8080, containerPort: 80 },
    { protocol: 'tcp' as const, hostIp: '::', hostPort: 8080, containerPort: 80 },
  ]
  assert.deepEqual(portMap(request({}, ['80/tcp', '90']), published), {
    '80/tcp': [
      { HostIp: '0.0.0.0', HostPort: '8080' },
      { HostIp: '::', HostPort: '8080' },
    ],
    '90/tcp': null,
  })
})
