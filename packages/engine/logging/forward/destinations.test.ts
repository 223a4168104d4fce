/** Each driver against a server of the test's own. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { gunzipSync, inflateSync } from 'node:zlib'
import { until } from '../../../../test/until.ts'
import { UnixDatagramServer } from '../../../syscall/testing-datagrams.ts'
import { driverOf } from '../drivers.ts'
import type { LogOptionValues } from '../limits.ts'
import type { LogInfo } from '../tag.ts'
import type { Destination } from './destination.ts'
import { openJournald } from './journald.ts'
import type { LogMessage } from './message.ts'
import { pack } from './msgpack.ts'

const info: LogInfo = {
  id: '0123456789abcdef'.repeat(4),
  name: 'web',
  imageId: `sha256:${'a'.repeat(64)}`,
  imageName: 'busybox:1',
  created: '2026-01-01T00:00:00.000Z',
  entrypoint: 'sh',
  args: ['-c', 'true'],
  env: ['MODE=fast'],
  labels: { 'com.example.tier': 'web' },
  logPath: '',
  hostname: 'host',
}

const time = { seconds: Date.UTC(2026, 0, 2, 3, 4, 5) / 1000, nanoseconds: 678901234 }
const message = (line: string | Buffer, changes: Partial<LogMessage> = {}): LogMessage => ({
  stream: 'stdout',
  time,
  line: Buffer.from(line),
  partial: null,
  ...changes,
})

function open(t: TestContext, driver: string, options: LogOptionValues): Destination {
  driverOf(driver).check(options)
  const destination = driverOf(driver).forward?.open(options, info)
  assert.ok(destination)
  t.after(() => destination.close())
  return destination
}

const never = new AbortController().signal

async function directory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'gantry-forward-'))
  t.after(() => rm(path, { recursive: true }))
  return path
}

/** An address of the loopback that no other process uses: a port that was ours there can be ours again. */
const ownAddress = `127.${(process.pid >> 16) + 1}.${(process.pid >> 8) & 255}.${process.pid & 255}`

/** A server that keeps what it gets, and may answer. */
async function listen(
  t: TestContext,
  server: Server,
  at: { port: number; host?: string } | { path: string } = { port: 0 },
) {
  const received = { bytes: Buffer.alloc(0), sockets: [] as Socket[], answer: (_socket: Socket) => {} }
  server.on(
    server.listenerCount('secureConnection') >= 0 && 'setSecureContext' in server
      ? 'secureConnection'
      : 'connection',
    (socket: Socket) => {
      received.sockets.push(socket)
      socket.on('error', () => {})
      socket.on('data', (data: Buffer) => {
        received.bytes = Buffer.concat([received.bytes, data])
        received.answer(socket)
      })
    },
  )
  server.listen('path' in at ? at.path : { host: '127.0.0.1', ...at })
  await once(server, 'listening')
  t.after(() => {
    for (const socket of received.sockets) socket.destroy()
    server.close()
  })
  return Object.assign(received, { port: (server.address() as AddressInfo).port })
}

async function udpServer(t: TestContext) {
  const socket = createSocket('udp4')
  const messages: Buffer[] = []
  socket.on('message', (bytes) => messages.push(bytes))
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.after(() => socket.close())
  const received = async (count: number) => {
    await until(`${count} datagrams`, () => messages.length >= count)
    return messages
  }
  return { port: socket.address().port, messages, received }
}

/** The kernel has acknowledged what the server may not have read yet. */
async function arrival(received: { bytes: Buffer }, holds: (bytes: Buffer) => boolean): Promise<void> {
  await until('what was sent to arrive', () => holds(received.bytes))
}

const pid = process.pid
const stamp = (() => {
  const local = new Date(time.seconds * 1000)
  const two = (value: number) => String(value).padStart(2, '0')
  const month = local.toLocaleString('en-US', { month: 'short' })
  return `${month} ${String(local.getDate()).padStart(2)} ${two(local.getHours())}:${two(local.getMinutes())}:${two(local.getSeconds())}`
})()

test('syslog over udp, in every format', async (t) => {
  const server = await udpServer(t)
  for (const [format, expected] of [
    ['', `<30>${stamp} web[${pid}]: hello\n`],
    ['rfc3164', `<30>${stamp} host web[${pid}]: hello\n`],
    ['rfc5424', `<30>1 2026-01-02T03:04:05Z host web ${pid} web - hello\n`],
    ['rfc5424micro', `<30>1 2026-01-02T03:04:05.678901Z host web ${pid} web - hello\n`],
  ] as const) {
    const address = `udp://127.0.0.1:${server.port}`
    const destination = open(t, 'syslog', {
      'syslog-address': address,
      'syslog-format': format,
      tag: '{{.Name}}',
    })
    await destination.send([message('hello')], never)
    const messages = await server.received(1)
    assert.equal(String(messages.shift()), expected)
  }
  const errors = open(t, 'syslog', {
    'syslog-address': `udp://127.0.0.1:${server.port}`,
    'syslog-facility': 'local7',
  })
  await errors.send([message(Buffer.from([0, 255]), { stream: 'stderr' })], never)
  const [bytes] = await server.received(1)
  assert.deepEqual(bytes?.subarray(-3), Buffer.from([0, 255, 10]))
  assert.match(String(bytes), /^<187>.{15} 0123456789ab\[\d+\]: /)
})

test('syslog over tcp and unix streams, again after the server was away', async (t) => {
  const path = join(await directory(t), 'socket')
  for (const kind of ['tcp', 'unix'] as const) {
    const server = createServer()
    const place = (port: number) => (kind === 'tcp' ? { port, host: ownAddress } : { path })
    const received = await listen(t, server, place(0))
    const address = kind === 'tcp' ? `tcp://${ownAddress}:${received.port}` : `unix://${path}`
    const destination = open(t, 'syslog', { 'syslog-address': address, tag: 't', 'syslog-format': 'rfc5424' })
    await destination.send([message('one'), message('two')], never)
    await arrival(received, (bytes) => bytes.includes('two\n'))
    assert.match(String(received.bytes), /^<30>1 \S+ host t \d+ t - one\n<30>1 \S+ host t \d+ t - two\n$/)
    const closed = once(server, 'close')
    server.close()
    for (const socket of received.sockets) socket.destroy()
    await closed
    // What was written before the other side's end was seen counts as not sent.
    await until('a failure', () =>
      destination.send([message('lost')], never).then(
        () => false,
        () => true,
      ),
    )
    const again = await listen(t, createServer(), place(received.port))
    await destination.send([message('three')], never)
    await arrival(again, (bytes) => String(bytes).endsWith(' - three\n'))
  }
})

/** Paths of a key and a certificate for `localhost` that no machine trusts. */
async function selfSigned(t: TestContext): Promise<{ key: string; certificate: string }> {
  const place = await directory(t)
  const key = join(place, 'key.pem')
  const certificate = join(place, 'cert.pem')
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const make = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
  ]
  execFileSync('openssl', [...make, '-keyout', key, '-out', certificate, ...subject], { stdio: 'ignore' })
  return { key, certificate }
}

/** While the test runs, what this machine trusts is what is in the file. */
function trust(t: TestContext, certificate: string): void {
  const before = process.env.SSL_CERT_FILE
  process.env.SSL_CERT_FILE = certificate
  t.after(() => {
    if (before === undefined) delete process.env.SSL_CERT_FILE
    else process.env.SSL_CERT_FILE = before
  })
}

test('syslog over tls checks the server, counts octets, and can be told not to check', async (t) => {
  const { key, certificate } = await selfSigned(t)
  const secrets = { key: await readFile(key), cert: await readFile(certificate) }
  const received = await listen(t, createTlsServer(secrets))
  const options = {
    'syslog-address': `tcp+tls://localhost:${received.port}`,
    'syslog-format': 'rfc5424',
    tag: 't',
  }
  const trusting = open(t, 'syslog', { ...options, 'syslog-tls-ca-cert': certificate })
  await trusting.send([message('hello')], never)
  await arrival(received, (bytes) => bytes.includes('hello\n'))
  const [, length, rest = ''] = /^(\d+) (.*)$/s.exec(String(received.bytes)) ?? []
  assert.equal(Number(length), rest.length)
  assert.match(rest, / - hello\n$/)
  await assert.rejects(open(t, 'syslog', options).send([message('x')], never), /self-signed certificate/)
  trust(t, certificate)
  await open(t, 'syslog', options).send([message('z')], never)
  await arrival(received, (bytes) => String(bytes).endsWith(' - z\n'))
  delete process.env.SSL_CERT_FILE
  await open(t, 'syslog', { ...options, 'syslog-tls-skip-verify': 'false' }).send([message('y')], never)
  await arrival(received, (bytes) => String(bytes).endsWith(' - y\n'))
  assert.throws(
    () => driverOf('syslog').forward?.prepare?.({ ...options, 'syslog-tls-ca-cert': '/nonexistent' }),
    { message: 'could not read CA certificate "/nonexistent": open /nonexistent: no such file or directory' },
  )
})

test('syslog and journald over datagrams of a unix socket, at the pace of the reader', async (t) => {
  const path = join(await directory(t), 'socket')
  using server = new UnixDatagramServer(path)
  const destination = open(t, 'syslog', { 'syslog-address': `unixgram://${path}`, tag: 't' })
  const lines = Array.from({ length: 500 }, (_, n) => message(`line ${n}`))
  const [texts] = await Promise.all([server.receive(500), destination.send(lines, never)])
  assert.match(String(texts[0]?.bytes), /: line 0\n$/)
  assert.match(String(texts[499]?.bytes), /: line 499\n$/)

  const journal = openJournald({ info, tag: 'tag', attributes: { TIER: 'web\nsite' } }, path)
  t.after(() => journal.close())
  const partial = { id: 'x', ordinal: 2, last: false }
  await journal.send([message('hello', { stream: 'stderr', partial }), message('', {})], never)
  const [entry, empty] = await server.receive(2)
  assert.deepEqual(fieldsOf(entry?.bytes), {
    PRIORITY: '3',
    SYSLOG_TIMESTAMP: '2026-01-02T03:04:05.678901234Z',
    CONTAINER_PARTIAL_ID: 'x',
    CONTAINER_PARTIAL_ORDINAL: '2',
    CONTAINER_PARTIAL_LAST: 'false',
    CONTAINER_PARTIAL_MESSAGE: 'true',
    MESSAGE: 'hello',
    CONTAINER_ID: '0123456789ab',
    CONTAINER_ID_FULL: info.id,
    CONTAINER_NAME: 'web',
    CONTAINER_TAG: 'tag',
    IMAGE_NAME: 'busybox:1',
    SYSLOG_IDENTIFIER: 'tag',
    TIER: 'web\nsite',
  })
  assert.equal(fieldsOf(empty?.bytes).MESSAGE, '')
  // Too long for a datagram: the entry comes in a sealed file.
  const line = Buffer.alloc(400_000, 'l')
  await journal.send([message(line)], never)
  const [long] = await server.receive(1)
  assert.equal(long?.bytes.length, 0)
  assert.equal(fieldsOf(long?.file).MESSAGE, String(line))
})

/** The native journal format, read as systemd reads it. */
function fieldsOf(bytes: Buffer = Buffer.alloc(0)): Record<string, string> {
  const fields: Record<string, string> = {}
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf('\n', at)
    const text = bytes.toString('utf8', at, end)
    const equals = text.indexOf('=')
    if (equals >= 0) {
      fields[text.slice(0, equals)] = text.slice(equals + 1)
      at = end + 1
    } else {
      const length = Number(bytes.readBigUInt64LE(end + 1))
      fields[text] = bytes.toString('utf8', end + 9, end + 9 + length)
      at = end + 9 + length + 1
    }
  }
  return fields
}

const gelfMessage = {
  version: '1.1',
  host: 'host',
  short_message: 'hello',
  timestamp: time.seconds + 0.678,
  level: 6,
  _container_id: info.id,
  _container_name: 'web',
  _image_id: info.imageId,
  _image_name: 'busybox:1',
  _command: 'sh -c true',
  _tag: '0123456789ab',
  _created: info.created,
}

test('gelf over udp: compressed, in chunks, with attributes', async (t) => {
  const server = await udpServer(t)
  const options = { 'gelf-address': `udp://127.0.0.1:${server.port}` }
  const unpack = { gzip: gunzipSync, zlib: inflateSync, none: (bytes: Buffer) => bytes }
  for (const type of ['gzip', 'zlib', 'none'] as const) {
    const destination = open(t, 'gelf', {
      ...options,
      'gelf-compression-type': type,
      env: 'MODE',
      'labels-regex': 'tier$',
    })
    await destination.send([message('hello'), message('')], never)
    const [bytes = Buffer.alloc(0)] = await server.received(1)
    assert.deepEqual(JSON.parse(String(unpack[type](bytes))), {
      ...gelfMessage,
      _MODE: 'fast',
      '_com.example.tier': 'web',
    })
    server.messages.length = 0
  }
  const { randomBytes } = await import('node:crypto')
  const long = randomBytes(8000).toString('hex')
  await open(t, 'gelf', options).send([message(long)], never)
  const first = (await server.received(1))[0]
  const count = first?.[11] ?? 0
  assert.ok(count > 5)
  const chunks = (await server.received(count)).toSorted((a, b) => (a[10] ?? 0) - (b[10] ?? 0))
  for (const chunk of chunks) {
    assert.deepEqual(chunk.subarray(0, 2), Buffer.from([0x1e, 0x0f]))
    assert.deepEqual(chunk.subarray(2, 10), first?.subarray(2, 10))
    assert.ok(chunk.length <= 1420)
  }
  const whole = gunzipSync(Buffer.concat(chunks.map((chunk) => chunk.subarray(12))))
  assert.equal((JSON.parse(String(whole)) as { short_message: string }).short_message, long)
})

test('gelf over tcp ends each message with a zero', async (t) => {
  const received = await listen(t, createServer())
  const destination = open(t, 'gelf', {
    'gelf-address': `tcp://127.0.0.1:${received.port}`,
    'gelf-tcp-max-reconnect': '2',
    'gelf-tcp-reconnect-delay': '5',
  })
  await destination.send([message('hello'), message('a\u0000b\xff', { stream: 'stderr' })], never)
  await arrival(received, (bytes) => bytes.filter((byte) => byte === 0).length === 2)
  const [one, two, rest] = String(received.bytes).split('\0')
  assert.deepEqual(JSON.parse(one ?? ''), gelfMessage)
  assert.deepEqual(JSON.parse(two ?? ''), { ...gelfMessage, short_message: 'a\0b\xff', level: 3 })
  assert.equal(rest, '')
  assert.deepEqual(
    [1, 2, 3, 20].map((attempt) => destination.retryDelay(attempt)),
    [5000, 5000, 5000, 30_000],
  )
})

test('fluentd: the forward protocol, byte for byte', async (t) => {
  const received = await listen(t, createServer())
  const address = { 'fluentd-address': `127.0.0.1:${received.port}`, tag: 'docker.{{.Name}}' }
  const partial = { id: 'p', ordinal: 1, last: false }
  await open(t, 'fluentd', { ...address, env: 'MODE' }).send(
    [message('hello'), message(Buffer.from([0xff, 0x0a]), { stream: 'stderr', partial })],
    never,
  )
  const common: [string, string][] = [
    ['container_id', info.id],
    ['container_name', '/web'],
    ['MODE', 'fast'],
  ]
  const pieces: [string, string][] = [
    ['partial_message', 'true'],
    ['partial_id', 'p'],
    ['partial_ordinal', '1'],
    ['partial_last', 'false'],
  ]
  const expected = pack([
    'docker.web',
    [
      [time.seconds, new Map([['source', 'stdout'], ['log', 'hello'], ...common] as [string, string][])],
      [
        time.seconds,
        new Map([['source', 'stderr'], ['log', Buffer.from([0xff, 0x0a])], ...common, ...pieces] as [
          string,
          string,
        ][]),
      ],
    ],
    new Map([['size', 2]]),
  ])
  await arrival(received, (bytes) => bytes.length >= expected.length)
  assert.deepEqual(received.bytes, expected)
  received.bytes = Buffer.alloc(0)
  await open(t, 'fluentd', { ...address, 'fluentd-sub-second-precision': 'true' }).send([message('x')], never)
  const eventTime = Buffer.from([0xd7, 0, 0, 0, 0, 0, 0, 0, 0, 0])
  eventTime.writeUInt32BE(time.seconds, 2)
  eventTime.writeUInt32BE(time.nanoseconds, 6)
  await arrival(received, (bytes) => bytes.includes(eventTime))
})

test('fluentd over tls trusts whom the machine trusts', async (t) => {
  const { key, certificate } = await selfSigned(t)
  const secrets = { key: await readFile(key), cert: await readFile(certificate) }
  const received = await listen(t, createTlsServer(secrets))
  const options = { 'fluentd-address': `tls://localhost:${received.port}`, tag: 't' }
  await assert.rejects(open(t, 'fluentd', options).send([message('no')], never), /self-signed certificate/)
  trust(t, certificate)
  await open(t, 'fluentd', options).send([message('yes')], never)
  await arrival(received, (bytes) => bytes.includes('yes'))
  assert.ok(!received.bytes.includes('no'))
})

test('fluentd waits for acknowledgements when it is asked to, over unix sockets too', async (t) => {
  const path = join(await directory(t), 'socket')
  const received = await listen(t, createServer(), { path })
  const destination = open(t, 'fluentd', {
    'fluentd-address': `unix://${path}`,
    'fluentd-request-ack': 'true',
    'fluentd-buffer-limit': '2',
  })
  let chunks = 0
  received.answer = (socket) => {
    const at = received.bytes.indexOf('chunk')
    if (at < 0) return
    chunks++
    const chunk = received.bytes.toString('latin1', at + 6, at + 30)
    received.bytes = Buffer.alloc(0)
    const answer = pack(new Map([['ack', chunk]]))
    // In two pieces, as the network may deliver it.
    socket.write(answer.subarray(0, 3))
    setTimeout(() => socket.write(answer.subarray(3)), 10)
  }
  await destination.send([message('1'), message('2'), message('3')], never)
  assert.equal(chunks, 2)
  received.answer = (socket) => void socket.write(pack(new Map([['ack', 'another']])))
  await assert.rejects(destination.send([message('4')], never), /acknowledged something else/)
  received.answer = (socket) => void socket.destroy()
  await assert.rejects(destination.send([message('5')], never), /closed the connection|reset/)
  received.answer = () => {}
  const interrupt = new AbortController()
  setTimeout(() => interrupt.abort(), 50)
  await assert.rejects(destination.send([message('6')], interrupt.signal))
})

test('a connection that takes nothing can be interrupted', async (t) => {
  const server = createServer((socket) => socket.pause())
  const received = await listen(t, server)
  for (const socket of received.sockets) socket.pause()
  server.removeAllListeners('connection')
  server.on('connection', (socket) => {
    received.sockets.push(socket.pause())
  })
  const destination = open(t, 'syslog', { 'syslog-address': `tcp://127.0.0.1:${received.port}` })
  const interrupt = new AbortController()
  const sending = destination.send([message(Buffer.alloc(64 << 20))], interrupt.signal)
  setTimeout(() => interrupt.abort(), 100)
  await assert.rejects(sending, /interrupted/)
})
