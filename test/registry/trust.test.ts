import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { createRegistries, mediaTypes, parseReference } from '@gantry/oci'
import { createAuthority } from './authority.ts'
import {
  descriptorOf,
  manifestBytes,
  pushImage,
  quick,
  registriesFor,
  repositoryAt,
  startStub,
} from './fixtures.ts'
import { startRegistry } from './registry.ts'

const secret = 'Basic YW5uOnNlY3JldA=='
const ann = { username: 'ann', password: 'secret' }

test('CVE-2026-33540, CVE-2020-15157: a realm on another host gets no credentials, and no request on a private address', async (t) => {
  const canary = await startStub(t, (_request, response) => void response.end('{"token":"t"}'), '127.0.0.2')
  const registry = await startStub(t, (_request, response) => {
    response.writeHead(401, { 'WWW-Authenticate': `Bearer realm="${canary.url}/token",service="s"` }).end()
  })
  const repository = repositoryAt(t, registry.host, { action: 'pull', credentials: ann })
  await assert.rejects(repository.manifest('one'), {
    message: /refusing to connect to 127.0.0.2: its address is not one that it may have/,
  })
  await assert.rejects(registriesFor(t).login({ ...ann, serverAddress: registry.host }), {
    reason: 'denied',
    message: /sends its users to http:\/\/127\.0\.0\.2:\d+, which is not given their credentials/,
  })
  assert.equal(canary.requests.length, 0)

  const allowed = { tokenServers: { [registry.host]: ['127.0.0.2'] } }
  await assert.rejects(
    repositoryAt(t, registry.host, { action: 'pull', credentials: ann }, allowed).manifest('one'),
  )
  assert.equal(canary.requests[0]?.authorization, secret)
})

test('CVE-2020-15157: a redirect takes no credentials to another host, and not where clouds keep secrets', async (t) => {
  const blob = randomBytes(5000)
  const storage = await startStub(t, (_request, response) => void response.end(blob), '127.0.0.2')
  let target = `${storage.url}/signed?signature=hush`
  const registry = await startStub(t, (request, response, path) => {
    if (request.headers.authorization !== secret)
      return void response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="x"' }).end()
    if (path.includes('/blobs/')) return void response.writeHead(307, { Location: target }).end()
    response.end()
  })
  const repository = repositoryAt(t, registry.host, { action: 'pull', credentials: ann })
  assert.deepEqual(await buffer((await repository.blob(descriptorOf(blob))).stream), blob)
  assert.deepEqual(
    storage.requests.map(({ authorization }) => authorization),
    [undefined],
  )
  target = 'http://169.254.169.254/latest/meta-data/'
  await assert.rejects(repository.blob(descriptorOf(blob)), {
    message: /refusing to connect to 169.254.169.254/,
  })
  target = 'file:///etc/passwd'
  await assert.rejects(repository.blob(descriptorOf(blob)), { message: /refusing to be redirected/ })
  target = `${registry.url}/v2/some/image/blobs/loop`
  await assert.rejects(repository.blob(descriptorOf(blob)), { message: 'stopped after 10 redirects' })
})

test('what a registry demands for one scope it is not asked to want for others', async (t) => {
  const image = manifestBytes(descriptorOf(Buffer.from('{}'), mediaTypes.ociConfig), [])
  const registry = await startStub(t, (request, response, path) => {
    if (path.includes('/closed/') && request.headers.authorization !== secret)
      return void response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="x"' }).end()
    response.setHeader('Content-Type', mediaTypes.ociManifest)
    response.end(path === '/v2/' ? '' : image)
  })
  const registries = registriesFor(t)
  const at = (name: string, credentials = {}) =>
    registries.repository(parseReference(`${registry.host}/${name}`), { action: 'pull', credentials })
  await assert.rejects(at('closed/one').manifest('one'), { reason: 'unauthorized' })
  await at('open/one').manifest('one')
  await at('closed/two', ann).manifest('one')
  await at('closed/two', ann).manifest('two')
  await at('open/two', ann).manifest('one')
  assert.deepEqual(
    registry.requests.map(({ path, authorization }) => `${path} ${authorization === secret}`),
    [
      '/v2/ false',
      '/v2/closed/one/manifests/one false',
      '/v2/open/one/manifests/one false',
      '/v2/closed/two/manifests/one false',
      '/v2/closed/two/manifests/one true',
      '/v2/closed/two/manifests/two true',
      '/v2/open/two/manifests/one false',
    ],
  )
})

test('redirects are followed as far as Go follows them', async (t) => {
  const blob = randomBytes(5000)
  let left = 0
  const registry = await startStub(t, (_request, response, path) => {
    if (path.includes('/blobs/') && left-- > 0)
      return void response.writeHead(307, { Location: `${path}x` }).end()
    response.end(blob)
  })
  const repository = repositoryAt(t, registry.host, { action: 'pull' })
  left = 9
  assert.deepEqual(await buffer((await repository.blob(descriptorOf(blob))).stream), blob)
  left = 10
  await assert.rejects(repository.blob(descriptorOf(blob)), { message: 'stopped after 10 redirects' })
})

test('CVE-2020-15157: the URLs of foreign layers are not asked', async (t) => {
  const elsewhere = await startStub(t, (_request, response) => void response.end('layer'))
  const layer = { ...descriptorOf(Buffer.from('layer')), urls: [`${elsewhere.url}/layer`] }
  const config = descriptorOf(Buffer.from('{}'), mediaTypes.ociConfig)
  const registry = await startStub(t, (_request, response, path) => {
    if (path.includes('/manifests/')) {
      response.setHeader('Content-Type', mediaTypes.ociManifest)
      return void response.end(manifestBytes(config, [layer]))
    }
    response.writeHead(path === '/v2/' ? 200 : 404).end()
  })
  const repository = repositoryAt(t, registry.host, { action: 'pull', credentials: ann })
  await repository.manifest('one')
  await assert.rejects(repository.blob(layer), { reason: 'blob-unknown' })
  assert.deepEqual(elsewhere.requests, [])
})

test('a mirror is asked first, without credentials; the registry when the mirror has nothing, is broken or is not there', async (t) => {
  const origin = await startRegistry({ htpasswd: { ann: 'secret' } }, t)
  const access = { action: 'push', credentials: ann } as const
  const image = await pushImage(repositoryAt(t, origin.host, access), randomBytes(1000))
  const cache = await startRegistry({}, t)
  const cached = await pushImage(repositoryAt(t, cache.host), randomBytes(2000), 'cached')
  const broken = await startStub(t, (_request, response) => void response.writeHead(500).end())
  const wanting = await startStub(t, (_request, response) => {
    response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="give me"' }).end()
  })
  const pull = { action: 'pull', credentials: ann } as const
  const through = (...mirrors: string[]) =>
    repositoryAt(t, origin.host, pull, { mirrors: { [origin.host]: mirrors } })

  assert.equal((await through(cache.url).manifest('cached')).host, cache.host)
  assert.deepEqual(
    await buffer((await through(cache.url).blob(cached.layer)).stream).then((bytes) => bytes.length),
    2000,
  )
  for (const mirror of [cache.url, broken.url, wanting.url, 'http://127.0.0.1:1']) {
    const found = await through(mirror).manifest('one')
    assert.deepEqual([found.host, found.bytes], [origin.host, image.bytes], mirror)
  }
  assert.equal((await through('http://127.0.0.1:1', cache.url).manifest('cached')).host, cache.host)
  const patient = through(broken.url)
  await patient.manifest('one')
  const asked = broken.requests.length
  await patient.manifest('one')
  assert.equal(broken.requests.length, asked, 'a mirror that failed rests')
  assert.ok(
    [...wanting.requests, ...broken.requests].every(({ authorization }) => authorization === undefined),
  )
  await assert.rejects(through(cache.url).manifest('nowhere'), {
    message: 'manifest unknown: manifest unknown',
  })
})

/** A folder of certificates as registries have them in `certs.d`. */
async function certificates(t: TestContext, host: string, files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp('/tmp/gantry-e2e-certs-')
  t.after(() => rm(folder, { recursive: true }))
  await mkdir(`${folder}/${host}`)
  for (const [name, source] of Object.entries(files)) await copyFile(source, `${folder}/${host}/${name}`)
  return folder
}

test('CVE-2025-6032: a certificate is verified: with the authority in certs.d it is good, with another it is refused', async (t) => {
  const registry = await startRegistry({ tls: true }, t)
  const own = await certificates(t, registry.host, { 'ca.crt': registry.authority?.certificate ?? '' })
  const trusting = repositoryAt(t, registry.host, { action: 'push' }, { certificateDirectories: [own] })
  await pushImage(trusting, randomBytes(10))

  const other = await createAuthority(registry.directory, 'other')
  const foreign = await certificates(t, registry.host, { 'ca.crt': other.certificate })
  const wary = repositoryAt(t, registry.host, { action: 'pull' }, { certificateDirectories: [foreign] })
  await assert.rejects(wary.manifest('one'), {
    reason: 'tls',
    message: `Get "https://${registry.host}/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
  })
  assert.ok(registry.log.every((line) => !line.includes('GET /v2/some')))

  // A file that is no certificate is passed over, and that is said.
  const log: string[] = []
  const named = createRegistries(
    { ...quick, certificateDirectories: [own] },
    { log: (message) => log.push(message) },
  )
  t.after(() => named.close())
  await writeFile(`${own}/${registry.host}/binary.crt`, randomBytes(100))
  const reference = parseReference(`${registry.host}/some/image:one`)
  await named.repository(reference, { action: 'pull' }).tags()
  assert.deepEqual(log, [
    `${own}/${registry.host}/binary.crt is passed over: it has no certificate in the PEM format`,
  ])

  // A connection that is kept was verified with what is not trusted any more.
  await copyFile(other.certificate, `${own}/${registry.host}/ca.crt`)
  await assert.rejects(trusting.manifest('one'), { reason: 'tls', message: /unknown authority$/ })
})

test('CVE-2025-6032: an expired certificate and one for another name are refused', async (t) => {
  const folder = await mkdtemp('/tmp/gantry-e2e-certs-')
  t.after(() => rm(folder, { recursive: true }))
  const authority = await createAuthority(folder)
  const { createServer: createTls } = await import('node:https')
  const { readPair } = await import('./authority.ts')
  for (const [hosts, days, message] of [
    [['127.0.0.1'], -1, /x509: certificate has expired or is not yet valid/],
    [['127.0.0.9'], 2, /x509: certificate is valid for 127.0.0.9, not 127.0.0.1/],
    [
      ['registry.test'],
      2,
      /x509: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs/,
    ],
  ] as const) {
    const server = createTls(await readPair(await authority.server('server', hosts, { days })))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const host = `127.0.0.1:${(server.address() as { port: number }).port}`
    const own = await certificates(t, host, { 'ca.crt': authority.certificate })
    const repository = repositoryAt(t, host, { action: 'pull' }, { certificateDirectories: [own] })
    await assert.rejects(repository.manifest('one'), { reason: 'tls', message })
    server.close()
  }
})

test('a registry that wants a client certificate gets the one in certs.d', async (t) => {
  const registry = await startRegistry({ tls: 'client' }, t)
  const authority = registry.authority
  assert.ok(authority)
  const client = await authority.client('someone')
  const files = {
    'ca.crt': authority.certificate,
    'client.cert': client.certificate,
    'client.key': client.key,
  }
  const own = await certificates(t, registry.host, files)
  await pushImage(
    repositoryAt(t, registry.host, { action: 'push' }, { certificateDirectories: [own] }),
    randomBytes(10),
  )

  const without = await certificates(t, registry.host, { 'ca.crt': authority.certificate })
  await assert.rejects(
    repositoryAt(t, registry.host, { action: 'pull' }, { certificateDirectories: [without] }).manifest('one'),
    { reason: 'tls', message: /remote error: tls: (certificate required|bad certificate)/ },
  )
  const half = await certificates(t, registry.host, { 'client.cert': client.certificate })
  await assert.rejects(
    repositoryAt(t, registry.host, { action: 'pull' }, { certificateDirectories: [half] }).manifest('one'),
    { reason: 'tls', message: /missing key client.key for client certificate client.cert/ },
  )
  const { key: otherKey } = await authority.client('another')
  for (const [wrong, message] of [
    [{ 'client.key': otherKey }, /cannot be used: tls: private key does not match public key$/],
    [{ 'client.key': authority.certificate }, /cannot be used: tls: failed to parse private key$/],
    [{ 'client.cert': client.key }, /cannot be used: tls: failed to find any PEM data in certificate input$/],
  ] as const) {
    const folder = await certificates(t, registry.host, { ...files, ...wrong })
    await assert.rejects(
      repositoryAt(t, registry.host, { action: 'pull' }, { certificateDirectories: [folder] }).manifest(
        'one',
      ),
      { reason: 'tls', message },
    )
  }
})

test('plain http is spoken to loopback, to names that lead there, and to insecure registries only', async (t) => {
  const stub = await startStub(t, (_request, response) => void response.end('{"tags":[]}'))
  const port = stub.host.split(':')[1]
  const namespaced = `registry.test:${port}`
  assert.deepEqual(await repositoryAt(t, `localhost:${port}`).tags(), [])
  assert.deepEqual(await repositoryAt(t, stub.host).tags(), [])
  // A proxy that leads everything to the stub stands for a registry elsewhere.
  const proxy = await startProxy(t, Number(port))
  const proxies = { http: proxy.url, https: proxy.url, no: '' }
  await assert.rejects(repositoryAt(t, namespaced, { action: 'pull' }, { proxies }).tags(), {
    reason: 'tls',
    message: `Get "https://${namespaced}/v2/": http: server gave HTTP response to HTTPS client`,
  })
  assert.ok(proxy.seen.every(({ line }) => line.startsWith('CONNECT ')))
  const insecureRegistries = [namespaced]
  await repositoryAt(t, namespaced, { action: 'pull' }, { proxies, insecureRegistries }).tags()
  assert.ok(proxy.seen.some(({ line }) => line.startsWith('GET http://registry.test')))
})

test('nobody there, no such host, no TLS: said in Docker’s words, at once', async (t) => {
  await assert.rejects(repositoryAt(t, '127.0.0.1:1').manifest('one'), {
    reason: 'unreachable',
    message: 'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused',
  })
  await assert.rejects(repositoryAt(t, 'nowhere.invalid').manifest('one'), {
    reason: 'unreachable',
    message: /^Get "https:\/\/nowhere\.invalid\/v2\/": dial tcp: lookup nowhere\.invalid: /,
  })
})

/** A proxy that knows CONNECT and absolute URLs, and leads everything to `port` of this machine. */
async function startProxy(t: TestContext, port: number) {
  const seen: { line: string; authorization: string | undefined }[] = []
  const note = (request: IncomingMessage): void => {
    seen.push({
      line: `${request.method} ${request.url}`,
      authorization: request.headers['proxy-authorization'],
    })
  }
  const server = createServer((request, response) => {
    note(request)
    response.end('{"tags":["through the proxy"]}')
  })
  server.on('connect', (request, socket) => {
    note(request)
    if (request.url === 'forbidden.test:443') {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
      return
    }
    const upstream = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.pipe(socket)
      socket.pipe(upstream)
    })
    upstream.on('error', () => socket.destroy())
    socket.on('error', () => upstream.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://user:p%40ss@127.0.0.1:${(server.address() as { port: number }).port}`, seen }
}

test('a proxy is used for what is not exempt: a tunnel for TLS, whole URLs without', async (t) => {
  const registry = await startRegistry({ tls: true }, t)
  await pushImage(repositoryAt(t, registry.host), randomBytes(10))
  const own = await certificates(t, 'registry.test', { 'ca.crt': registry.authority?.certificate ?? '' })
  const proxy = await startProxy(t, registry.port)
  const proxies = { http: proxy.url, https: proxy.url, no: 'direct.test' }
  const through = repositoryAt(
    t,
    'registry.test',
    { action: 'pull' },
    { proxies, certificateDirectories: [own] },
  )
  assert.deepEqual(await through.tags(), ['one'])
  assert.equal(proxy.seen[0]?.line, 'CONNECT registry.test:443')
  assert.equal(proxy.seen[0]?.authorization, `Basic ${Buffer.from('user:p@ss').toString('base64')}`)

  const plain = repositoryAt(
    t,
    'plain.test',
    { action: 'pull' },
    { proxies: { ...proxies, https: '' }, insecureRegistries: ['plain.test'] },
  )
  assert.deepEqual(await plain.tags(), ['through the proxy'])
  assert.ok(proxy.seen.some(({ line }) => line === 'GET http://plain.test/v2/some/image/tags/list?n=1000'))

  await assert.rejects(repositoryAt(t, 'forbidden.test', { action: 'pull' }, { proxies }).tags(), {
    reason: 'unreachable',
    message: 'Get "https://forbidden.test/v2/": proxy answered 407 Proxy Authentication Required',
  })
  assert.equal(proxy.seen.filter(({ line }) => line === 'CONNECT forbidden.test:443').length, 1)

  const count = proxy.seen.length
  await assert.rejects(repositoryAt(t, 'direct.test', { action: 'pull' }, { proxies }).tags(), {
    reason: 'unreachable',
  })
  await repositoryAt(t, registry.host, { action: 'pull' }, { proxies }).tags()
  assert.equal(proxy.seen.length, count)
  const gone = { ...proxies, https: 'http://127.0.0.1:1' }
  await assert.rejects(repositoryAt(t, 'registry.test', { action: 'pull' }, { proxies: gone }).tags(), {
    message: /proxyconnect tcp: dial tcp 127.0.0.1:1: connect: connection refused/,
  })
})

test('search asks the registry of the term, and says when it has no index', async (t) => {
  const stub = await startStub(t, (_request, response, path) => {
    if (!path.startsWith('/v1/search')) return void response.end()
    response.end(
      JSON.stringify({
        results: [
          { name: 'team/app', description: 'An app', star_count: 7, is_official: true, is_automated: false },
        ],
      }),
    )
  })
  const registries = registriesFor(t)
  const found = await registries.search(`${stub.host}/app`, {
    limit: 10,
    credentials: ann,
    headers: { 'x-meta-a': 'b' },
  })
  assert.deepEqual(found, [
    { name: 'team/app', description: 'An app', starCount: 7, isOfficial: true, isAutomated: false },
  ])
  assert.deepEqual(stub.requests.at(-1), {
    method: 'GET',
    path: '/v1/search?q=app&n=10',
    authorization: secret,
  })
  const registry = await startRegistry({}, t)
  await assert.rejects(registries.search(`${registry.host}/app`, { limit: 1 }), {
    message: 'Unexpected status code 404',
  })
  await assert.rejects(registries.search('127.0.0.1:1/app', { limit: 25 }), {
    message:
      'Get "http://127.0.0.1:1/v1/search?q=app&n=25": dial tcp 127.0.0.1:1: connect: connection refused',
  })
})

test('search and login are tried again like other requests, and not without end', async (t) => {
  let failures = 0
  const stub = await startStub(t, (request, response, path) => {
    if (failures-- > 0) return void response.writeHead(503).end()
    if (path.startsWith('/v1/search')) return void response.end('{"results":[]}')
    if (path !== '/v2/') return void response.writeHead(404).end()
    if (request.headers.authorization) return void response.end()
    response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="x"' }).end()
  })
  const registries = registriesFor(t)
  failures = 2
  assert.deepEqual(await registries.search(`${stub.host}/app`, { limit: 1 }), [])
  failures = 2
  const { status } = await registries.login({ ...ann, serverAddress: stub.host })
  assert.equal(status, 'Login Succeeded')
  failures = 1000
  await assert.rejects(registries.search(`${stub.host}/app`, { limit: 1 }), {
    message: 'Unexpected status code 503',
  })
  await assert.rejects(registriesFor(t).login({ ...ann, serverAddress: stub.host }), {
    message: `login attempt to ${stub.url}/v2/ failed with status: 503 Service Unavailable`,
  })
  assert.equal(1000 - failures, 2 * quick.limits.attempts)
})

test('connections are kept and shared, no more at a time than are allowed, and none is left at the end', async (t) => {
  const sockets: Socket[] = []
  let most = 0
  const server = createServer((_request, response) => {
    setTimeout(() => response.end('{"tags":[]}'), 20)
  })
  server.on('connection', (socket) => {
    sockets.push(socket)
    most = Math.max(most, sockets.filter(({ destroyed }) => !destroyed).length)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const limits = { ...(await import('./fixtures.ts')).quick.limits, connectionsPerHost: 3 }
  const registries = registriesFor(t, { limits })
  const host = `127.0.0.1:${(server.address() as { port: number }).port}`
  const repository = registries.repository(parseReference(`${host}/x`), { action: 'pull' })
  await repository.tags()
  await Promise.all(Array.from({ length: 20 }, () => repository.tags()))
  assert.ok(most <= 4, `${most} connections at a time`)
  assert.ok(sockets.length <= 6, `${sockets.length} connections in all`)
  registries.close()
  await Promise.all([
    once(server.close(), 'close'),
    ...sockets.map((socket) => socket.closed || once(socket, 'close')),
  ])
  await assert.rejects(repository.tags(), { message: /closed/ })
})
