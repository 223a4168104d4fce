import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { digestOf, mediaTypes, parseReference } from '@gantry/oci'
import { type FaultRule, startFaultProxy } from './fault-proxy.ts'
import {
  descriptorOf,
  manifestBytes,
  pushImage,
  quick,
  registriesFor,
  repositoryAt,
  sourceOf,
  startStub,
} from './fixtures.ts'
import { startRegistry } from './registry.ts'

const blobs = /\/blobs\/sha256/
const manifests = /\/manifests\//

/** A registry with an image, and a proxy before it that spoils what the rules say. */
async function spoilt(t: TestContext, rules: FaultRule[], layer = randomBytes(1_000_000)) {
  const registry = await startRegistry({}, t)
  const image = await pushImage(repositoryAt(t, registry.host), layer)
  const proxy = await startFaultProxy(registry.url, rules, t)
  return { registry, proxy, image, layer, repository: repositoryAt(t, proxy.host) }
}

test('a request is tried again after a lost connection, 5xx and 429, and the wait is the registry’s', async (t) => {
  for (const fault of [
    { kind: 'cut', after: 0 },
    { kind: 'status', status: 503 },
    { kind: 'status', status: 500 },
    { kind: 'status', status: 429, headers: { 'Retry-After': '1' } },
    { kind: 'cut', after: 10 },
  ] as const) {
    const { repository, image, proxy } = await spoilt(t, [
      { method: 'GET', path: manifests, times: 1, fault },
    ])
    assert.deepEqual((await repository.manifest('one')).bytes, image.bytes, fault.kind)
    assert.equal(proxy.requests.filter(({ path }) => manifests.test(path)).length, 2, fault.kind)
  }
})

test('what does not pass is given up after the attempts that are allowed', async (t) => {
  const always = { method: 'GET', path: manifests, fault: { kind: 'status', status: 502 } } as const
  const { repository, proxy } = await spoilt(t, [always])
  await assert.rejects(repository.manifest('one'), {
    reason: 'server',
    status: 502,
    message: 'received unexpected HTTP status: 502 Bad Gateway',
  })
  assert.equal(proxy.requests.filter(({ path }) => manifests.test(path)).length, quick.limits.attempts)
})

test('a longer wait than is allowed is an error that says until when', async (t) => {
  const body = '{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}'
  const fault = { kind: 'status', status: 429, headers: { 'Retry-After': '3600' }, body } as const
  const { repository } = await spoilt(t, [{ path: manifests, fault }])
  await assert.rejects(
    repository.manifest('one'),
    (error: Error & { retryAfter?: number; reason?: string }) => {
      assert.equal(error.reason, 'rate-limited')
      assert.equal(error.message, 'toomanyrequests: You have reached your pull rate limit.')
      assert.ok(Math.abs((error.retryAfter ?? 0) - Date.now() - 3_600_000) < 60_000)
      return true
    },
  )
})

test('a blob that breaks is resumed where it broke, once the caller asks', async (t) => {
  const { repository, image, layer, proxy } = await spoilt(t, [
    { path: blobs, times: 1, fault: { kind: 'cut', after: 400_000 } },
  ])
  const first = await repository.blob(image.layer)
  const kept: Buffer[] = []
  await assert.rejects(
    async () => {
      for await (const chunk of first.stream) kept.push(chunk as Buffer)
    },
    { reason: 'unreachable', message: 'unexpected EOF', retryable: true },
  )
  const beginning = Buffer.concat(kept)
  assert.ok(beginning.length > 0 && beginning.length <= 400_000)
  const { validator = '' } = first
  const rest = await repository.blob(image.layer, { offset: beginning.length, validator })
  assert.equal(rest.offset, beginning.length)
  assert.deepEqual(Buffer.concat([beginning, await buffer(rest.stream)]), layer)
  const asked = proxy.requests.at(-1)?.headers
  assert.equal(asked?.range, `bytes=${beginning.length}-`)
  assert.equal(asked?.['if-range'], validator)
})

test('a registry without ranges is told by the offset of its answer', async (t) => {
  const { repository, image, layer } = await spoilt(t, [{ path: blobs, fault: { kind: 'ignore-range' } }])
  const answer = await repository.blob(image.layer, { offset: 1000 })
  assert.equal(answer.offset, 0)
  assert.deepEqual(await buffer(answer.stream), layer)
})

test('Content altered: a blob of another size is refused, before its bytes where that can be seen', async (t) => {
  const { repository, image, proxy } = await spoilt(t, [])
  proxy.rules = [{ path: blobs, fault: { kind: 'surplus', bytes: 5 } }]
  await assert.rejects(repository.blob(image.layer), {
    message: 'the blob has 1000005 bytes instead of 1000000',
  })
  proxy.rules = [{ path: blobs, fault: { kind: 'truncate', after: 10 } }]
  await assert.rejects(repository.blob(image.layer), { message: 'the blob has 10 bytes instead of 1000000' })

  const chunked = await startStub(t, (_request, response, path) => {
    if (!blobs.test(path)) return void response.end()
    response.write(Buffer.alloc(70_000))
    response.end(Buffer.alloc(70_000))
  })
  const tooMuch = await repositoryAt(t, chunked.host).blob(descriptorOf(Buffer.alloc(100_000)))
  await assert.rejects(buffer(tooMuch.stream), { message: 'the blob has more than 100000 bytes' })
  const tooLittle = await repositoryAt(t, chunked.host).blob(descriptorOf(Buffer.alloc(200_000)))
  await assert.rejects(buffer(tooLittle.stream), { message: 'unexpected EOF' })
})

test('Content altered: a manifest with one byte changed is refused by digest and by tag', async (t) => {
  const { repository, image } = await spoilt(t, [
    { path: manifests, method: 'GET', fault: { kind: 'corrupt', at: 30 } },
  ])
  const { digest } = image.descriptor
  const message = `manifest verification failed for digest ${digest}`
  await assert.rejects(repository.manifest(digest), { reason: 'invalid-answer', message })
  await assert.rejects(repository.manifest('one'), { reason: 'invalid-answer', message })
})

test('a connection on which nothing moves is given up; a reader that is slow is not', async (t) => {
  const { image, layer, proxy } = await spoilt(t, [], randomBytes(8_000_000))
  const limits = { ...quick.limits, idleTimeout: 1000 }
  const repository = repositoryAt(t, proxy.host, { action: 'pull' }, { limits })
  const slow = await repository.blob(image.layer)
  await new Promise((done) => setTimeout(done, limits.idleTimeout * 2))
  assert.deepEqual(await buffer(slow.stream), layer)
  proxy.rules = [{ path: blobs, fault: { kind: 'stall', after: 1000 } }]
  const stalled = await repository.blob(image.layer)
  await assert.rejects(buffer(stalled.stream), { reason: 'unreachable', message: /timeout exceeded/ })
  proxy.rules = [{ path: manifests, fault: { kind: 'delay', milliseconds: 60_000 } }]
  await assert.rejects(repository.manifest('one'), {
    reason: 'unreachable',
    message: /timeout exceeded while awaiting headers/,
  })
})

test('a cancel ends a request, a body and a wait between two tries, with its own reason', async (t) => {
  const { repository, image, proxy } = await spoilt(t, [
    { path: manifests, fault: { kind: 'delay', milliseconds: 60_000 } },
  ])
  const reason = new Error('not any more')
  const cancelled = async (work: (signal: AbortSignal) => Promise<unknown>) => {
    const stop = new AbortController()
    setTimeout(() => stop.abort(reason), 150)
    await assert.rejects(work(stop.signal), reason)
  }
  await cancelled((signal) => repository.manifest('one', { signal }))
  proxy.rules = [{ path: blobs, fault: { kind: 'stall', after: 1000 } }]
  await cancelled(async (signal) => buffer((await repository.blob(image.layer, { signal })).stream))
  proxy.rules = [{ path: manifests, fault: { kind: 'status', status: 429, headers: { 'Retry-After': '2' } } }]
  await cancelled((signal) => repository.manifest('one', { signal }))
})

test('another configuration leaves what is under way alone', async (t) => {
  const { image, layer, proxy } = await spoilt(t, [
    { path: blobs, fault: { kind: 'slow', bytesPerSecond: 4_000_000 } },
  ])
  const registries = registriesFor(t)
  const repository = registries.repository(parseReference(`${proxy.host}/some/image`), { action: 'pull' })
  const { stream } = await repository.blob(image.layer)
  await once(stream, 'readable')
  registries.configure({ ...quick, mirrors: { [proxy.host]: ['http://127.0.0.1:1'] } })
  assert.deepEqual(await buffer(stream), layer)
  assert.deepEqual(await repository.tags(), ['one'])
})

test('an upload that breaks begins again or goes on, and ends whole', async (t) => {
  const { repository, proxy, registry } = await spoilt(t, [])
  const blob = randomBytes(5_000_000)
  const offsets: number[] = []
  proxy.rules = [
    { method: 'PATCH', times: 1, fault: { kind: 'cut', after: 0 } },
    { method: 'PATCH', times: 1, fault: { kind: 'status', status: 503 } },
  ]
  const progress: number[] = []
  await repository.uploadBlob(
    descriptorOf(blob),
    (offset) => {
      offsets.push(offset)
      return sourceOf(blob)(offset)
    },
    { onProgress: (sent) => progress.push(sent) },
  )
  assert.equal(offsets.length, 3)
  assert.equal(progress.at(-1), blob.length)
  const direct = repositoryAt(t, registry.host)
  assert.deepEqual(await buffer((await direct.blob(descriptorOf(blob))).stream), blob)
})

test('an upload whose token is refused in the middle goes on with a new one, and not for ever', async (t) => {
  const users = { ann: 'secret' }
  const registry = await startRegistry({ token: { users } }, t)
  const proxy = await startFaultProxy(registry.url, [], t)
  const credentials = { username: 'ann', password: 'secret' }
  const repository = repositoryAt(t, proxy.host, { action: 'push', credentials })
  const { realm = '', service } = registry.tokens ?? {}
  const headers = { 'WWW-Authenticate': `Bearer realm="${realm}",service="${service}",error="invalid_token"` }
  const refused = { kind: 'status', status: 401, headers } as const
  for (const [method, size] of [
    ['PUT', 1000],
    ['PATCH', 3_000_000],
  ] as const) {
    const blob = randomBytes(size)
    const upload = () => repository.uploadBlob(descriptorOf(blob), sourceOf(blob))
    proxy.rules = [{ method, fault: refused }]
    await assert.rejects(upload(), { reason: 'unauthorized' })
    const asked = registry.tokens?.requests.length ?? 0
    proxy.rules = [{ method, times: 1, fault: refused }]
    await upload()
    assert.equal(registry.tokens?.requests.length, asked + 1)
    assert.equal(await repository.hasBlob(digestOf(blob)), true)
  }
})

test('an upload goes on at the byte that the registry confirms', async (t) => {
  const blob = randomBytes(3_000_000)
  let stored = Buffer.alloc(0)
  let finished = ''
  const ranges: (string | undefined)[] = []
  const stub = await startStub(t, (request, response, path) => {
    const where = { Location: '/v2/some/image/blobs/uploads/1', Range: `0-${Math.max(0, stored.length - 1)}` }
    if (request.method === 'POST') return void response.writeHead(202, where).end()
    if (path.includes('digest=')) {
      finished = path
      return void response.writeHead(201).end()
    }
    if (request.method === 'GET' && path.includes('uploads')) return void response.writeHead(204, where).end()
    if (request.method !== 'PATCH') return void response.end()
    ranges.push(request.headers['content-range'])
    const isFirst = ranges.length === 1
    request.on('data', (chunk: Buffer) => {
      if (isFirst && stored.length + chunk.length > 1_000_000) return request.socket.resetAndDestroy()
      stored = Buffer.concat([stored, chunk])
    })
    request.on('end', () => response.writeHead(202, { ...where, Range: `0-${stored.length - 1}` }).end())
    request.on('error', () => {})
  })
  await repositoryAt(t, stub.host).uploadBlob(descriptorOf(blob), sourceOf(blob))
  assert.deepEqual(stored, blob)
  assert.equal(ranges[0], undefined)
  assert.match(ranges[1] ?? '', /^[1-9]\d*-2999999$/)
  assert.ok(finished.includes(encodeURIComponent(digestOf(blob))))
})

test('a registry that confirms nothing of an upload is not sent it for ever', {
  timeout: 60_000,
}, async (t) => {
  const stub = await startStub(t, (request, response) => {
    request.on('end', () => {
      if (request.method === 'GET' || request.method === 'DELETE') return void response.end()
      response.writeHead(202, { Location: '/v2/some/image/blobs/uploads/x', Range: '0-0' }).end()
    })
  })
  const blob = randomBytes(2_000_000)
  const upload = repositoryAt(t, stub.host).uploadBlob(descriptorOf(blob), sourceOf(blob))
  await assert.rejects(upload, { reason: 'invalid-answer', message: /confirms nothing/ })
})

test('an upload whose source ends early fails with that, and nothing is stored', async (t) => {
  const registry = await startRegistry({}, t)
  const repository = repositoryAt(t, registry.host)
  const blob = randomBytes(2_000_000)
  const short = (offset: number) => sourceOf(blob.subarray(0, 500_000))(offset)
  await assert.rejects(repository.uploadBlob(descriptorOf(blob), short), {
    message: /ended after 500000 of 2000000/,
  })
  await assert.rejects(repository.uploadBlob(descriptorOf(blob), sourceOf(randomBytes(2_000_000))), {
    reason: 'rejected',
    message: /digest invalid/,
  })
  assert.equal(await repository.hasBlob(digestOf(blob)), false)
})

/** A registry that answers every manifest with these bytes and type. */
async function serving(t: TestContext, bytes: Buffer | string, type: string) {
  const stub = await startStub(t, (_request, response, path) => {
    if (!manifests.test(path)) return void response.end()
    response.writeHead(200, { 'Content-Type': type }).end(bytes)
  })
  return repositoryAt(t, stub.host)
}

test('CVE-2021-41190: one body has one meaning', async (t) => {
  const config = descriptorOf(Buffer.from('c'), mediaTypes.ociConfig)
  const both = manifestBytes(config, [], { manifests: [] })
  const refused = { reason: 'invalid-answer' } as const
  await assert.rejects((await serving(t, both, mediaTypes.ociManifest)).manifest('one'), refused)
  const plain = manifestBytes(config, [])
  await assert.rejects((await serving(t, plain, mediaTypes.ociIndex)).manifest('one'), refused)
  await assert.rejects((await serving(t, plain, mediaTypes.dockerManifest)).manifest('one'), refused)
  await assert.rejects((await serving(t, plain, 'text/plain')).manifest('one'), refused)
  const lookalike = Buffer.from(plain.toString().replace('"layers"', '"Layers":[],"layers"'))
  await assert.rejects((await serving(t, lookalike, mediaTypes.ociManifest)).manifest('one'), refused)
  assert.ok(await (await serving(t, plain, `${mediaTypes.ociManifest}; charset=utf-8`)).manifest('one'))
})

test('CVE-2024-3727: digests in manifests and names are digests, or refused', async (t) => {
  const evil = {
    ...descriptorOf(Buffer.from('c'), mediaTypes.ociConfig),
    digest: 'sha256:../../../../etc/passwd',
  }
  const repository = await serving(
    t,
    JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: evil, layers: [] }),
    mediaTypes.ociManifest,
  )
  await assert.rejects(repository.manifest('one'), { reason: 'invalid-answer', message: /invalid digest/ })
  for (const name of ['sha256:../x', '../../v2/other/manifests/x', 'a/b', 'tag?x=1', ''])
    await assert.rejects(repository.manifest(name), { kind: 'InvalidParameter' })
})

test('schema 1 is refused with a clear message', async (t) => {
  const old = JSON.stringify({ schemaVersion: 1, name: 'x', tag: 'y', fsLayers: [], history: [] })
  for (const type of ['application/vnd.docker.distribution.manifest.v1+prettyjws', 'application/json'])
    await assert.rejects((await serving(t, old, type)).manifest('one'), {
      reason: 'unsupported',
      message: /manifest version 2, schema 1 support has been removed/,
    })
})

test('a manifest that is too large is not read to its end', async (t) => {
  const repository = await serving(t, Buffer.alloc(5 << 20, ' '), mediaTypes.ociManifest)
  await assert.rejects(repository.manifest('one'), {
    reason: 'invalid-answer',
    message: /larger than 4194304 bytes/,
  })
})
