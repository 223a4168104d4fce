import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { test } from 'node:test'
import { openSocket } from '@gantry/syscall'
import { enterOwnNetwork, isRoot, Machine, sandboxRequest } from '../testing.ts'
import { socketOf, withLength } from './forwarder.ts'
import { buildResponse, parseQuery, RecordType, ResponseCode } from './message.ts'
import { openDnsSockets } from './server.ts'

const skip = !isRoot && 'needs root'
if (isRoot) enterOwnNetwork()

/** A query as a client writes it. */
function queryFor(name: string, type: number): Buffer {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label)]))
  const header = Buffer.from('123401000001000000000000', 'hex')
  return Buffer.concat([header, ...labels, Buffer.of(0, 0, type, 0, 1)])
}

/** Asks 127.0.0.11 from inside; the response code and the bytes of the last record's data. */
async function ask(machine: Machine, path: string, name: string, type: number = RecordType.A, tcp = false) {
  const question = queryFor(name, type)
  const answer = await (tcp ? askTcp : askUdp)(machine, path, question)
  assert.equal(answer.readUInt16BE(0), 0x1234)
  const count = answer.readUInt16BE(6)
  const end = parseQuery(question)?.end ?? 0
  const addresses: string[] = []
  for (let offset = end; addresses.length < count; ) {
    const length = answer.readUInt16BE(offset + 10)
    const data = answer.subarray(offset + 12, offset + 12 + length)
    addresses.push(type === RecordType.A ? data.join('.') : data.toString('latin1'))
    offset += 12 + length
  }
  return { code: answer.readUInt16BE(2) & 15, addresses }
}

function askUdp(machine: Machine, path: string, question: Buffer): Promise<Buffer> {
  const fd = machine.namespaces.enter(path, () => openSocket('udp', { address: '0.0.0.0', port: 0 }))
  const socket = createSocket('udp4')
  return new Promise<Buffer>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no answer')), 30_000)
    socket.on('message', (message, sender) => {
      clearTimeout(timer)
      assert.deepEqual([sender.address, sender.port], ['127.0.0.11', 53])
      resolve(message)
    })
    socket.bind({ fd }, () => socket.send(question, 53, '127.0.0.11'))
  }).finally(() => socket.close())
}

function askTcp(machine: Machine, path: string, question: Buffer): Promise<Buffer> {
  const fd = machine.namespaces.enter(path, () => openSocket('tcp', { address: '0.0.0.0', port: 0 }))
  const socket = socketOf(fd)
  return new Promise<Buffer>((resolve, reject) => {
    socket.setTimeout(30_000, () => reject(new Error('no answer')))
    socket.on('error', reject)
    socket.on('data', (chunk: Buffer) => resolve(chunk.subarray(2)))
    socket.connect({ host: '127.0.0.11', port: 53 }, () => socket.write(withLength(question)))
  }).finally(() => socket.destroy())
}

/** A resolver at an address of the host that says 9.9.9.9 to everything; counts its questions. */
function outsideResolver(address: string) {
  const seen: string[] = []
  const socket = createSocket('udp4')
  socket.on('message', (message, sender) => {
    const query = parseQuery(message)
    if (!query) return
    seen.push(query.question.name)
    const answers = [{ type: RecordType.A, value: '9.9.9.9' }]
    socket.send(buildResponse(message, query, ResponseCode.ok, answers, 512), sender.port, sender.address)
  })
  socket.bind({ fd: openSocket('udp', { address, port: 53 }) })
  return { seen, close: () => socket.close() }
}

test('names on a network of a user', { skip }, async () => {
  await using machine = new Machine()
  const { networks } = machine
  await networks.restore([])
  await networks.create({ name: 'web' })
  const a = await networks.createSandbox(sandboxRequest('aaaaaaaaaaaabbb', ['web']))
  const aliased = { settings: { Aliases: ['db', 'Shared'] } }
  await networks.createSandbox(sandboxRequest('c2', ['web'], aliased))
  await networks.createSandbox(sandboxRequest('c3', ['web'], { settings: { Aliases: ['shared'] } }))
  assert.ok(a.path)
  for (const name of ['name-c2', 'db', 'DB', 'db.web', 'c2'])
    assert.deepEqual(await ask(machine, a.path, name), { code: 0, addresses: ['172.18.0.3'] }, name)
  assert.deepEqual((await ask(machine, a.path, 'aaaaaaaaaaaa')).addresses, ['172.18.0.2'])
  assert.deepEqual((await ask(machine, a.path, 'db', RecordType.A, true)).addresses, ['172.18.0.3'], 'by TCP')
  assert.deepEqual((await ask(machine, a.path, 'shared')).addresses.sort(), ['172.18.0.3', '172.18.0.4'])
  assert.deepEqual(await ask(machine, a.path, 'db', RecordType.AAAA), { code: 0, addresses: [] })
  const reverse = await ask(machine, a.path, '3.0.18.172.in-addr.arpa', RecordType.PTR)
  assert.deepEqual(reverse.addresses, ['\x07name-c2\x03web\0'])
  assert.deepEqual(await ask(machine, a.path, 'elsewhere'), {
    code: ResponseCode.serverFailure,
    addresses: [],
  })

  networks.renameContainer('c2', 'renamed')
  assert.deepEqual((await ask(machine, a.path, 'renamed')).addresses, ['172.18.0.3'])
  assert.equal((await ask(machine, a.path, 'name-c2')).code, ResponseCode.serverFailure)
  assert.deepEqual((await ask(machine, a.path, 'db')).addresses, ['172.18.0.3'])
  await networks.removeSandbox('c2')
  assert.equal((await ask(machine, a.path, 'db')).code, ResponseCode.serverFailure)
})

test('names are answered again after a restart, and containers may have name servers of their own', {
  skip,
}, async () => {
  await using machine = new Machine()
  await machine.networks.restore([])
  await machine.networks.create({ name: 'web' })
  const a = await machine.networks.createSandbox(sandboxRequest('c1', ['web']))
  assert.ok(a.path)
  await machine.restart(['c1'])
  assert.deepEqual((await ask(machine, a.path, 'name-c1')).addresses, ['172.18.0.2'])
  machine.namespaces.enter(a.path, () => openSocket('udp', { address: '0.0.0.0', port: 53 }))
  machine.namespaces.enter(a.path, () => openSocket('tcp', { address: '0.0.0.0', port: 53 }))
  assert.deepEqual((await ask(machine, a.path, 'name-c1')).addresses, ['172.18.0.2'])
})

test('CVE-2024-29018: internal networks resolve their own names only', { skip }, async (t) => {
  await using machine = new Machine()
  const { networks } = machine
  await networks.restore([])
  await networks.create({ name: 'inside', internal: true })
  await networks.create({ name: 'web' })
  const host = outsideResolver('127.0.0.1')
  const gateway = outsideResolver('172.17.0.1')
  t.after(() => {
    host.close()
    gateway.close()
  })
  const dns = { servers: ['127.0.0.1', '172.17.0.1'], search: [], options: [], hostServers: true }
  const inside = await networks.createSandbox({ ...sandboxRequest('c1', ['inside']), dns })
  const web = await networks.createSandbox({ ...sandboxRequest('c2', ['web']), dns })
  assert.ok(inside.path && web.path)
  assert.equal((await ask(machine, inside.path, 'secret.example')).code, ResponseCode.refused)
  assert.equal(
    (await ask(machine, inside.path, 'secret.example', RecordType.A, true)).code,
    ResponseCode.refused,
  )
  assert.deepEqual([host.seen, gateway.seen], [[], []])
  assert.deepEqual((await ask(machine, inside.path, 'name-c1')).addresses, ['172.18.0.2'])
  assert.deepEqual((await ask(machine, web.path, 'open.example')).addresses, ['9.9.9.9'])
  assert.deepEqual(host.seen, ['open.example'])
})

test('a name server to which there is no way is passed over', { skip }, async (t) => {
  await using machine = new Machine()
  const { networks } = machine
  await networks.restore([])
  await networks.create({ name: 'web' })
  const gateway = outsideResolver('172.17.0.1')
  t.after(() => gateway.close())
  const dns = { servers: ['2001:db8::1', '172.17.0.1'], search: [], options: [], hostServers: false }
  const web = await networks.createSandbox({ ...sandboxRequest('c1', ['web']), dns })
  assert.ok(web.path)
  assert.deepEqual((await ask(machine, web.path, 'open.example')).addresses, ['9.9.9.9'])
  assert.deepEqual(gateway.seen, ['open.example'])
})

test("a container's loopback resolver is not the host's", { skip }, async (t) => {
  await using machine = new Machine()
  const { networks } = machine
  await networks.restore([])
  await networks.create({ name: 'web' })
  const host = outsideResolver('127.0.0.1')
  const gateway = outsideResolver('172.18.0.1')
  t.after(() => {
    host.close()
    gateway.close()
  })
  const dns = { servers: ['127.0.0.1', '172.18.0.1'], search: [], options: [] }
  const web = await networks.createSandbox({ ...sandboxRequest('c1', ['web']), dns })
  assert.ok(web.path)
  assert.deepEqual((await ask(machine, web.path, 'x.example')).addresses, ['9.9.9.9'])
  assert.deepEqual([host.seen, gateway.seen], [[], ['x.example']])
})

test('sockets opened in a namespace are closed when the second cannot be', { skip }, () => {
  const sockets = openDnsSockets()
  assert.notEqual(sockets.ports.udp, 0)
  const again = openDnsSockets(sockets.ports)
  assert.notDeepEqual(again.ports, sockets.ports)
})
