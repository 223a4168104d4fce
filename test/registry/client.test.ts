import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { digestOf, mediaTypes, parseReference } from '@gantry/oci'
import {
  descriptorOf,
  manifestBytes,
  pushImage,
  registriesFor,
  repositoryAt,
  sourceOf,
  startStub,
} from './fixtures.ts'
import { startRegistry } from './registry.ts'

const ann = { username: 'ann', password: 'secret' }
const users = { ann: 'secret' }

for (const [name, options, credentials] of [
  ['no authentication', {}, {}],
  ['basic authentication', { htpasswd: users }, ann],
  ['bearer tokens', { token: { users } }, ann],
  ['TLS', { tls: true }, {}],
  ['TLS and bearer tokens', { tls: true, token: { users } }, ann],
] as const) {
  test(`what is pushed comes back: ${name}`, async (t) => {
    const registry = await startRegistry(options, t)
    const repository = repositoryAt(t, registry.host, { action: 'delete', credentials })
    const layer = randomBytes(3_000_000)
    const pushed = await pushImage(repository, layer)

    assert.deepEqual(await repository.resolve('one'), pushed.descriptor)
    const fetched = await repository.manifest(pushed.descriptor.digest)
    assert.deepEqual(fetched.bytes, pushed.bytes)
    assert.deepEqual(fetched.descriptor, pushed.descriptor)
    assert.equal(fetched.host, registry.host)
    assert.deepEqual(await repository.tags(), ['one'])
    assert.equal(await repository.hasBlob(pushed.layer.digest), true)
    assert.equal(await repository.hasBlob(digestOf('nothing')), false)

    const whole = await repository.blob(pushed.layer)
    assert.equal(whole.offset, 0)
    assert.deepEqual(await buffer(whole.stream), layer)
    const { validator = '' } = whole
    const rest = await repository.blob(pushed.layer, { offset: 2_000_000, validator })
    assert.equal(rest.offset, 2_000_000)
    assert.deepEqual(await buffer(rest.stream), layer.subarray(2_000_000))
    assert.equal(
      (await buffer((await repository.blob(pushed.layer, { offset: layer.length })).stream)).length,
      0,
    )

    await repository.deleteManifest(pushed.descriptor.digest)
    await assert.rejects(repository.resolve('one'), {
      kind: 'NotFound',
      reason: 'manifest-unknown',
      message: 'manifest unknown: manifest unknown',
    })
  })
}

test('without or with wrong credentials a registry says so, in Docker’s words', async (t) => {
  const basic = await startRegistry({ htpasswd: users }, t)
  const bearer = await startRegistry({ token: { users } }, t)
  const anonymous = repositoryAt(t, basic.host, { action: 'pull' })
  await assert.rejects(anonymous.resolve('one'), {
    reason: 'unauthorized',
    message: `Head "${basic.url}/v2/some/image/manifests/one": no basic auth credentials`,
  })
  const wrong = repositoryAt(t, basic.host, { action: 'pull', credentials: { ...ann, password: 'no' } })
  await assert.rejects(wrong.manifest('one'), { reason: 'unauthorized', status: 401 })
  await assert.rejects(repositoryAt(t, bearer.host, { action: 'pull' }).manifest('one'), {
    kind: 'Forbidden',
    reason: 'denied',
    detail: 'denied: requested access to the resource is denied',
  })
  const stranger = repositoryAt(t, bearer.host, { action: 'pull', credentials: { ...ann, password: 'no' } })
  await assert.rejects(stranger.manifest('one'), {
    kind: 'Unauthorized',
    message: `Get "${bearer.url}/v2/some/image/manifests/one": unauthorized: incorrect username or password`,
  })
})

test('a token is asked for once, again before it ends, and again when it is refused', async (t) => {
  const lasting = await startRegistry({ token: { users } }, t)
  await pushImage(repositoryAt(t, lasting.host, { action: 'push', credentials: ann }), randomBytes(1000))
  const once = lasting.tokens?.requests.length ?? 0
  assert.ok(once >= 1 && once <= 2, `${once} tokens for one push`)

  const registry = await startRegistry({ token: { users, lifetime: 2 } }, t)
  const repository = repositoryAt(t, registry.host, { action: 'push', credentials: ann })
  await pushImage(repository, randomBytes(1000))
  const first = registry.tokens?.requests.length ?? 0
  await Promise.all(Array.from({ length: 5 }, () => repository.resolve('one')))
  await new Promise((done) => setTimeout(done, 2100))
  await repository.resolve('one')
  assert.ok((registry.tokens?.requests.length ?? 0) > first)

  const stale = await startStub(t, (_request, response, path) => {
    if (path.startsWith('/token')) return void response.end('{"token":"new","expires_in":3600}')
    if (stale.requests.filter((each) => each.authorization === 'Bearer new').length > 1)
      return void response.end('{"tags":["a"]}')
    const challenge = `Bearer realm="${stale.url}/token",service="s",error="invalid_token"`
    response.writeHead(401, { 'WWW-Authenticate': challenge }).end('{"errors":[{"code":"UNAUTHORIZED"}]}')
  })
  await assert.rejects(repositoryAt(t, stale.host).tags(), { reason: 'unauthorized' })
  assert.equal(stale.requests.filter(({ path }) => path.startsWith('/token')).length, 2)
})

test('an identity token from a login is exchanged for access, a registry token is sent as it is', async (t) => {
  const registry = await startRegistry({ token: { users } }, t)
  const registries = registriesFor(t)
  const { status, identityToken } = await registries.login({ ...ann, serverAddress: registry.host })
  assert.equal(status, 'Login Succeeded')
  assert.equal(identityToken, registry.tokens?.identityTokens.get('ann'))
  const access = { action: 'push', credentials: { identityToken } } as const
  const pushed = await pushImage(
    registries.repository(parseReference(`${registry.host}/some/image`), access),
    randomBytes(10),
  )
  assert.ok(registry.tokens?.requests.some(({ grant }) => grant === 'refresh_token'))

  const stub = await startStub(t, (_request, response) => void response.end('{"tags":["x"]}'))
  await repositoryAt(t, stub.host, { action: 'pull', credentials: { registryToken: 'as-it-is' } }).tags()
  assert.equal(stub.requests.at(-1)?.authorization, 'Bearer as-it-is')
  assert.ok(pushed)
})

test('a login with wrong credentials is refused in Docker’s words', async (t) => {
  const basic = await startRegistry({ htpasswd: users }, t)
  const bearer = await startRegistry({ token: { users } }, t)
  const registries = registriesFor(t)
  await assert.rejects(registries.login({ username: 'ann', password: 'x', serverAddress: basic.host }), {
    kind: 'Unauthorized',
    message: `login attempt to ${basic.url}/v2/ failed with status: 401 Unauthorized`,
  })
  await assert.rejects(
    registries.login({ username: 'ann', password: 'x', serverAddress: `http://${bearer.host}/v1/` }),
    {
      kind: 'Unauthorized',
      message: `Get "${bearer.url}/v2/": unauthorized: incorrect username or password`,
    },
  )
  await assert.rejects(registries.login({ serverAddress: 'bad host' }), { kind: 'InvalidParameter' })
})

test('tags come page by page, and a page that leads back to itself ends the list', async (t) => {
  const stub = await startStub(t, (_request, response, path) => {
    if (!path.startsWith('/v2/some/image/tags/list')) return void response.end()
    const last = new URL(path, 'http://x').searchParams.get('last')
    const [tags, next] = last === null ? [['a', 'b'], 'b'] : [['c'], 'b']
    response.setHeader('Link', `</v2/some/image/tags/list?last=${next}&n=2>; rel="next"`)
    response.end(JSON.stringify({ name: 'some/image', tags }))
  })
  assert.deepEqual(await repositoryAt(t, stub.host).tags(), ['a', 'b', 'c'])
  const registry = await startRegistry({}, t)
  await assert.rejects(repositoryAt(t, registry.host).tags(), {
    reason: 'name-unknown',
    message: 'name unknown: repository name not known to registry',
  })
})

test('a list of tags whose pages never end is given up', { timeout: 120_000 }, async (t) => {
  let page = 0
  const stub = await startStub(t, (_request, response, path) => {
    if (path.includes('/tags/'))
      response.setHeader('Link', `</v2/some/image/tags/list?last=${++page}>; rel="next"`)
    response.end('{"name":"some/image","tags":[]}')
  })
  await assert.rejects(repositoryAt(t, stub.host).tags(), {
    reason: 'invalid-answer',
    message: 'the list of tags has more than 2000 pages',
  })
})

test('a blob is mounted from another repository, or not at all', async (t) => {
  const registry = await startRegistry({ token: { users } }, t)
  const registries = registriesFor(t)
  const at = (path: string) =>
    registries.repository(parseReference(`${registry.host}/${path}`), { action: 'push', credentials: ann })
  const layer = randomBytes(2000)
  await at('one').uploadBlob(descriptorOf(layer), sourceOf(layer))
  assert.equal(await at('two').mountBlob(digestOf(layer), 'one'), true)
  assert.equal(await at('two').hasBlob(digestOf(layer)), true)
  assert.equal(await at('two').mountBlob(digestOf('other'), 'one'), false)
})

test('referrers are kept under a tag where the registry has no API for them', async (t) => {
  const registry = await startRegistry({}, t)
  const repository = repositoryAt(t, registry.host)
  const image = await pushImage(repository, randomBytes(100))
  assert.deepEqual(await repository.referrers(image.descriptor.digest), [])
  for (const artifactType of ['application/vnd.example.sbom', 'application/vnd.example.signature']) {
    const bytes = manifestBytes(image.config, [image.layer], {
      artifactType,
      subject: image.descriptor,
      annotations: { of: artifactType },
    })
    await repository.putManifest(digestOf(bytes), { mediaType: mediaTypes.ociManifest, bytes })
  }
  const all = await repository.referrers(image.descriptor.digest)
  assert.deepEqual(
    all.map(({ artifactType, annotations }) => [artifactType, annotations?.of]),
    [
      ['application/vnd.example.sbom', 'application/vnd.example.sbom'],
      ['application/vnd.example.signature', 'application/vnd.example.signature'],
    ],
  )
  const signatures = await repository.referrers(image.descriptor.digest, {
    artifactType: 'application/vnd.example.signature',
  })
  assert.equal(signatures.length, 1)
})

test('referrers come from the API where there is one', async (t) => {
  const subject = digestOf('subject')
  const manifest = { ...descriptorOf(Buffer.from('x'), mediaTypes.ociManifest), artifactType: 'a/b' }
  const stub = await startStub(t, (request, response, path) => {
    if (request.method === 'PUT')
      return void response
        .writeHead(201, { 'OCI-Subject': subject, 'Docker-Content-Digest': 'ignored-by-us' })
        .end()
    if (!path.includes('/referrers/')) return void response.end()
    response.setHeader('Content-Type', mediaTypes.ociIndex)
    response.end(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [manifest] }))
  })
  assert.deepEqual(await repositoryAt(t, stub.host).referrers(subject), [manifest])
})

test('an upload ends as cancelled at once, and the registry forgets it', async (t) => {
  const registry = await startRegistry({}, t)
  const repository = repositoryAt(t, registry.host)
  const blob = randomBytes(4_000_000)
  const stop = new AbortController()
  let opened: Readable | undefined
  const upload = repository.uploadBlob(
    descriptorOf(blob),
    () => {
      opened = new Readable({ read() {} })
      opened.push(blob.subarray(0, 1_000_000))
      return opened
    },
    { signal: stop.signal, onProgress: (sent) => sent > 0 && stop.abort(new Error('enough')) },
  )
  await assert.rejects(upload, { message: 'enough' })
  assert.equal(opened?.destroyed, true)
  assert.equal(await repository.hasBlob(digestOf(blob)), false)
})
