import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseChallenges } from './challenge.ts'
import { nextLink } from './link.ts'
import { decodeRegistryAuth, decodeRegistryConfig } from './registry-auth.ts'

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

const challenges: [
  header: string | string[],
  found: { scheme: string; parameters: Record<string, string> }[],
][] = [
  [
    'Bearer realm="https://auth.example/token",service="registry",scope="repository:a/b:pull,push"',
    [
      {
        scheme: 'bearer',
        parameters: {
          realm: 'https://auth.example/token',
          service: 'registry',
          scope: 'repository:a/b:pull,push',
        },
      },
    ],
  ],
  ['Basic realm=simple', [{ scheme: 'basic', parameters: { realm: 'simple' } }]],
  ['BASIC Realm = "a b"', [{ scheme: 'basic', parameters: { realm: 'a b' } }]],
  [
    'Negotiate abc==, Basic realm="x", Bearer realm="y"',
    [
      { scheme: 'negotiate', parameters: {} },
      { scheme: 'basic', parameters: { realm: 'x' } },
      { scheme: 'bearer', parameters: { realm: 'y' } },
    ],
  ],
  [
    ['Basic realm="one"', 'Bearer realm="two"'],
    [
      { scheme: 'basic', parameters: { realm: 'one' } },
      { scheme: 'bearer', parameters: { realm: 'two' } },
    ],
  ],
  [
    'Bearer realm="with \\"quotes\\" and \\\\"',
    [{ scheme: 'bearer', parameters: { realm: 'with "quotes" and \\' } }],
  ],
  ['Bearer realm="first",realm="second"', [{ scheme: 'bearer', parameters: { realm: 'first' } }]],
  ['Bearer realm="never closed', [{ scheme: 'bearer', parameters: { realm: 'never closed' } }]],
  ['Bearer', [{ scheme: 'bearer', parameters: {} }]],
  ['"?", Basic realm=x', [{ scheme: 'basic', parameters: { realm: 'x' } }]],
  ['', []],
  [' , ,', []],
]

for (const [header, found] of challenges)
  test(`challenge ${JSON.stringify(header)}`, () => assert.deepEqual(plain(parseChallenges(header)), found))

const links: [header: string | string[] | undefined, next: string | undefined][] = [
  ['</v2/x/tags/list?last=b&n=2>; rel="next"', '/v2/x/tags/list?last=b&n=2'],
  ['</a>; rel="prev", </b>; rel=next', '/b'],
  ['</a,b>; title="x, rel=next"; rel="first last", </c>; rel="up Next"', '/c'],
  ['</a>; title="</b>; rel=next"', undefined],
  [['</a>; rel="prev"', '</b>; rel="next"'], '/b'],
  ['</a>', undefined],
  ['<never closed; rel="next"', undefined],
  [undefined, undefined],
]

for (const [header, next] of links)
  test(`link ${JSON.stringify(header)}`, () => assert.equal(nextLink(header), next))

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64')

test('X-Registry-Auth is read with and without padding, in both alphabets, from fields and from `auth`', () => {
  const config = { username: 'ann', password: 'pä>>??', serveraddress: 'reg:5000' }
  const expected = { username: 'ann', password: 'pä>>??', serverAddress: 'reg:5000' }
  const text = encoded(config)
  for (const header of [text, text.replace(/=+$/, ''), text.replaceAll('+', '-').replaceAll('/', '_')])
    assert.deepEqual(decodeRegistryAuth(header), expected)
  assert.deepEqual(decodeRegistryAuth(encoded({ auth: Buffer.from('bob:a:b').toString('base64') })), {
    username: 'bob',
    password: 'a:b',
  })
  assert.deepEqual(decodeRegistryAuth(encoded({ identitytoken: 'i', registrytoken: 'r', username: '' })), {
    identityToken: 'i',
    registryToken: 'r',
  })
  for (const none of [undefined, '', encoded({})]) assert.deepEqual(decodeRegistryAuth(none), {})
  for (const bad of ['not base64 json', encoded([]), encoded({ username: 1 }), encoded('x')])
    assert.throws(() => decodeRegistryAuth(bad), {
      kind: 'InvalidParameter',
      message: /^invalid X-Registry-Auth header: /,
    })
})

test('X-Registry-Config names each server’s credentials; a server called __proto__ is a server', () => {
  const header = Buffer.from('{"__proto__":{"username":"x"},"a":{"username":"u","password":"p"}}').toString(
    'base64',
  )
  const config = decodeRegistryConfig(header)
  assert.deepEqual(Object.keys(config), ['__proto__', 'a'])
  assert.deepEqual(plain(config.a), { username: 'u', password: 'p' })
  assert.deepEqual(decodeRegistryConfig('bnVsbA=='), {})
  assert.throws(() => decodeRegistryConfig(encoded({ a: 1 })), { kind: 'InvalidParameter' })
})

/** A small linear congruential generator: failures repeat. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1103515245 + 12345) % 2 ** 31
    return state / 2 ** 31
  }
}

function randomText(random: () => number, alphabet: string, longest: number): string {
  const length = Math.floor(random() * longest)
  return Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)]).join('')
}

test('any header is read, or passed over, without an exception', () => {
  const random = seeded(11)
  for (let round = 0; round < 20_000; round++) {
    const text = randomText(random, 'Bearer realm="x",;<>=\\ \t/é', 60)
    for (const { scheme, parameters } of parseChallenges(text)) {
      assert.match(scheme, /^[!-~]+$/)
      for (const [name, value] of Object.entries(parameters)) {
        assert.equal(name, name.toLowerCase())
        assert.equal(typeof value, 'string')
      }
    }
    const next = nextLink(text)
    if (next !== undefined) assert.ok(text.includes(`<${next}>`))
  }
})

test('what a challenge is written from is what is read', () => {
  const random = seeded(5)
  for (let round = 0; round < 2000; round++) {
    const value = randomText(random, 'abc"\\,= \té', 20)
    const quoted = value.replaceAll(/["\\]/g, '\\$&')
    const [found] = parseChallenges(`Bearer realm="${quoted}",service=s`)
    assert.deepEqual(plain(found?.parameters), { realm: value, service: 's' })
  }
})

test('long hostile headers take time in proportion', () => {
  for (const evil of [
    'Bearer '.repeat(100_000),
    'a='.repeat(200_000),
    `Bearer realm="${'\\'.repeat(400_000)}`,
    ','.repeat(400_000),
    '<'.repeat(400_000),
    '<a>;rel='.repeat(50_000),
    `<a>;${' '.repeat(400_000)}rel`,
  ]) {
    const started = performance.now()
    parseChallenges(evil)
    nextLink(evil)
    assert.ok(performance.now() - started < 60_000, evil.slice(0, 20))
  }
})
