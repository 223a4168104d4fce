import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSecureContext, rootCertificates } from 'node:tls'
import { parseReference } from '../reference.ts'
import { blockList, isLinkLocal, isLoopback, isPrivate } from './addresses.ts'
import { retryTime } from './answers.ts'
import { connect } from './connect.ts'
import { basesOf, insecurityOf } from './endpoints.ts'
import { RegistryError } from './errors.ts'
import { takesAuthorities } from './host-contexts.ts'
import { domainOf } from './login.ts'
import { proxyFor } from './proxies.ts'
import { redirectTarget } from './redirects.ts'
import { backOff } from './retry.ts'
import { splitTerm } from './search.ts'
import { isTrustedRealm, reachOfRedirect } from './trust.ts'
import { pullError, pushError } from './user-errors.ts'

test('addresses are of the internet or not, however they are written', () => {
  for (const address of [
    '10.1.2.3',
    '127.0.0.1',
    '169.254.169.254',
    '172.31.0.1',
    '192.168.0.1',
    '100.64.0.1',
    '0.0.0.0',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    '::ffff:10.0.0.1',
    '::ffff:a9fe:a9fe',
    '[::1]',
  ])
    assert.equal(isPrivate(address), true, address)
  for (const address of ['8.8.8.8', '172.32.0.1', '2606:4700::1111', '::ffff:8.8.8.8', 'registry.example'])
    assert.equal(isPrivate(address), false, address)
  assert.equal(isLinkLocal('::ffff:169.254.169.254'), true)
  for (const host of ['localhost', 'LOCALHOST', '127.9.9.9', '[::1]'])
    assert.equal(isLoopback(host), true, host)
  for (const host of ['127.0.0.1.example', 'localhost.example', '128.0.0.1'])
    assert.equal(isLoopback(host), false, host)
})

const realms: [registry: string, realm: string, trusted: boolean][] = [
  ['https://registry-1.docker.io', 'https://auth.docker.io/token', true],
  ['https://registry.gitlab.com', 'https://gitlab.com/jwt/auth', true],
  ['https://reg.example.co.uk', 'https://auth.example.co.uk/t', true],
  ['http://127.0.0.1:5000', 'http://127.0.0.1:5001/token', true],
  ['https://registry.example', 'https://auth.example/t', false],
  ['https://reg.co.uk', 'https://evil.co.uk/t', false],
  ['https://registry.example.com', 'https://evil.com/t', false],
  ['https://registry.example.com', 'https://registry.example.com.evil.com/t', false],
  ['https://registry.example.com', 'http://auth.example.com/t', false],
  ['http://10.0.0.1:5000', 'http://10.0.0.2/t', false],
  ['http://[::1]:5000', 'http://[::2]/t', false],
]

for (const [registry, realm, trusted] of realms)
  test(`CVE-2026-33540: ${realm} ${trusted ? 'may' : 'may not'} have the credentials for ${registry}`, () => {
    assert.equal(isTrustedRealm(new URL(registry), new URL(realm), [], false), trusted)
    const { hostname } = new URL(realm)
    const isDowngrade = registry.startsWith('https') && !realm.startsWith('https')
    assert.equal(isTrustedRealm(new URL(registry), new URL(realm), [hostname], false), !isDowngrade)
  })

test('a redirect keeps TLS, keeps a host that takes itself for plain http, and drops user and password', () => {
  const from = new URL('https://reg.example/v2/x')
  assert.equal(redirectTarget(from, '/v2/y?a=b').href, 'https://reg.example/v2/y?a=b')
  assert.equal(redirectTarget(from, 'http://reg.example/v2/y').href, 'https://reg.example/v2/y')
  assert.equal(redirectTarget(from, 'https://user:pw@cdn.example/z').href, 'https://cdn.example/z')
  assert.throws(() => redirectTarget(from, 'http://cdn.example/z'), { reason: 'invalid-answer' })
  assert.throws(() => redirectTarget(from, 'ftp://cdn.example/z'), { reason: 'invalid-answer' })
  assert.throws(() => redirectTarget(from, 'https://'), { reason: 'invalid-answer' })
  const [home, away] = [new URL('https://reg.example'), new URL('https://cdn.example')]
  assert.equal(reachOfRedirect(home, home, false), 'any')
  assert.equal(reachOfRedirect(home, away, false), 'public')
  assert.equal(reachOfRedirect(home, away, true), 'not-link-local')
})

const proxied: [url: string, no: string, proxied: boolean][] = [
  ['https://reg.example', '', true],
  ['https://reg.example', '*', false],
  ['https://reg.example', 'example', false],
  ['https://reg.example', '.example', false],
  ['https://reg.example', '*.example', false],
  ['https://example', '.example', true],
  ['https://notexample', 'example', true],
  ['https://reg.example:5000', 'reg.example:5000', false],
  ['https://reg.example:5000', 'reg.example:443', true],
  ['https://10.1.2.3', '10.0.0.0/8', false],
  ['https://11.1.2.3', '10.0.0.0/8, 192.168.0.1', true],
  ['https://[fd00::1]:5000', 'fd00::1', false],
  ['https://REG.EXAMPLE', ' other , Reg.Example ', false],
  ['https://localhost:5000', '', false],
  ['https://127.0.0.1:5000', '', false],
]

for (const [url, no, expected] of proxied)
  test(`NO_PROXY ${JSON.stringify(no)} and ${url}`, () => {
    const settings = { http: '', https: 'proxy.example:3128', no }
    assert.equal(proxyFor(new URL(url), settings)?.href, expected ? 'http://proxy.example:3128/' : undefined)
  })

test('insecure registries are named by host, host and port, or address range', async () => {
  const proxies = { http: '', https: '', no: '' }
  for (const [host, list, insecure] of [
    ['reg.example:5000', ['reg.example:5000'], true],
    ['reg.example:5000', ['reg.example'], true],
    ['reg.example:5000', ['other.example', 'reg.example:5001'], false],
    ['10.1.1.1:5000', ['10.0.0.0/8'], true],
    ['11.1.1.1', ['10.0.0.0/8', 'nonsense/99'], false],
    ['[fd00::1]:5000', ['fd00::/8'], true],
    ['127.0.0.1:5000', [], true],
    ['localhost:5000', [], true],
    ['reg.example', [], false],
  ] as const)
    assert.equal(
      (await insecurityOf(host, { insecureRegistries: list, proxies })) !== undefined,
      insecure,
      `${host} ${list}`,
    )
  assert.deepEqual(basesOf('reg:5000', {}).map(String), ['https://reg:5000/', 'http://reg:5000/'])
  for (const host of ['a/b', 'user@host', 'a b', ''])
    assert.throws(() => basesOf(host, undefined), { kind: 'InvalidParameter' }, host)
})

test('a registry that is insecure because of its address is connected to at no other', async () => {
  const target = { port: 9, tls: undefined, proxy: undefined, reach: 'any', timeout: 60_000 } as const
  const within = blockList(['10.0.0.0/8'])
  for (const host of ['127.0.0.1', 'localhost'])
    await assert.rejects(connect({ ...target, host, within }), {
      reason: 'invalid-answer',
      message: /refusing to connect/,
    })
  await assert.rejects(connect({ ...target, host: 'localhost', within: blockList(['127.0.0.0/8']) }), {
    reason: 'unreachable',
    message: /connection refused/,
  })
})

test('server addresses and search terms name their registry', () => {
  for (const [address, domain] of [
    ['', 'docker.io'],
    ['https://index.docker.io/v1/', 'docker.io'],
    ['registry-1.docker.io', 'docker.io'],
    ['reg:5000', 'reg:5000'],
    ['http://reg:5000/v2/', 'reg:5000'],
    ['reg.example/path', 'reg.example'],
  ] as const)
    assert.equal(domainOf(address), domain)
  assert.deepEqual(splitTerm('busybox'), { index: 'index.docker.io', name: 'busybox' })
  assert.deepEqual(splitTerm('library/busybox'), { index: 'index.docker.io', name: 'busybox' })
  assert.deepEqual(splitTerm('docker.io/a/b'), { index: 'index.docker.io', name: 'a/b' })
  assert.deepEqual(splitTerm('reg:5000/a/b'), { index: 'reg:5000', name: 'a/b' })
  assert.throws(() => splitTerm('https://reg/a'), { kind: 'InvalidParameter' })
})

test('pauses grow to a limit and are never alike', () => {
  assert.equal(
    backOff(1, () => 1),
    500,
  )
  assert.equal(
    backOff(1, () => 0),
    250,
  )
  assert.equal(
    backOff(3, () => 1),
    2000,
  )
  assert.equal(
    backOff(30, () => 1),
    10_000,
  )
})

test('Retry-After is seconds or a date', () => {
  const at = (value: string) => retryTime({ headers: { 'retry-after': value } }, 1_000_000)
  assert.equal(at('3'), 1_003_000)
  assert.equal(at('Thu, 01 Jan 1970 00:20:00 GMT'), 1_200_000)
  assert.equal(at('soon'), undefined)
  assert.equal(at('-1'), undefined)
})

test('a failed pull is told in Docker’s words', () => {
  const image = parseReference('team/app:1')
  const told = (reason: ConstructorParameters<typeof RegistryError>[0], detail: string) =>
    pullError(new RegistryError(reason, `Get "https://x": ${detail}`, { detail }), image) as Error & {
      kind: string
    }
  const denied = told('denied', 'denied: requested access to the resource is denied')
  assert.equal(denied.kind, 'NotFound')
  assert.equal(
    denied.message,
    "pull access denied for team/app, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
  )
  assert.equal(
    told('manifest-unknown', 'manifest unknown: manifest unknown').message,
    'manifest for team/app:1 not found: manifest unknown: manifest unknown',
  )
  assert.equal(
    told('name-unknown', 'name unknown: x').message,
    'repository team/app not found: name unknown: x',
  )
  assert.equal(told('unauthorized', 'no basic auth credentials').kind, 'System')
  const other = new Error('other')
  assert.equal(pullError(other, image), other)
})

test('a failed push is told in Docker’s words', () => {
  const bare = new RegistryError('unauthorized', 'no basic auth credentials', { status: 401 })
  assert.equal(pushError(bare.of('POST', new URL('https://x/v2/a/blobs/uploads/'))), bare)
  assert.equal(pushError(bare), bare)
  const unreachable = new RegistryError('unreachable', 'connection refused').of(
    'GET',
    new URL('https://x/v2/'),
  )
  assert.equal(pushError(unreachable), unreachable)
})

test('this Node.js takes authorities one by one: all at once would hold up the event loop', () => {
  const { context } = createSecureContext({ ca: [] })
  assert.ok(takesAuthorities(context))
  context.addCACert(rootCertificates[0] ?? '')
})
