import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseDuration } from '@gantry/dockerfile/duration'
import { hostPlatform } from '@gantry/oci/platform'
import { capabilities } from './capabilities.ts'
import { parseCpus } from './cpus.ts'
import { parseCsv } from './csv.ts'
import { parseDevice } from './device.ts'
import { parseGoInt } from './go-numbers.ts'
import { parseExtraHost } from './hosts.ts'
import { readLabels, readVariables } from './key-values.ts'
import { parseMemorySwap } from './memory-swap.ts'
import { parseMount } from './mount.ts'
import { encodePlatform, fullPlatform } from './platform.ts'
import { parseExposed, parsePublished } from './port.ts'
import { familiarName, parseReference } from './reference.ts'
import { parseUlimit } from './ulimit.ts'
import { parseVolume } from './volume.ts'

/** Each text with its value, or with the message of its error. */
function table<T>(
  parse: (text: string) => T,
  cases: Record<string, T | string>,
  failing: Record<string, string>,
) {
  for (const [text, value] of Object.entries(cases)) assert.deepEqual(parse(text), value, text)
  for (const [text, message] of Object.entries(failing)) assert.throws(() => parse(text), { message }, text)
}

test('-1 is no limit of swap', () => {
  table(parseMemorySwap, { '-1': -1, '1k': 1024 }, { '-2': "invalid size: '-2'" })
})

test('durations are as Go writes them', () => {
  table(
    parseDuration,
    { '0': 0, '5s': 5e9, '1m30s': 90e9, '1.5h': 5400e9, '-2ms': -2e6, '10us': 1e4 },
    {
      '': 'time: invalid duration ""',
      '5': 'time: missing unit in duration "5"',
      '1x': 'time: unknown unit "x" in duration "1x"',
      '1valueOf': 'time: unknown unit "valueOf" in duration "1valueOf"',
      abc: 'time: invalid duration "abc"',
    },
  )
})

test('integers are as Go reads them', () => {
  table(
    parseGoInt,
    { '12': 12, '-3': -3, '0x10': 16, '010': 8, '0b11': 3, '1_000': 1000 },
    {
      a: 'strconv.ParseInt: parsing "a": invalid syntax',
      '': 'strconv.ParseInt: parsing "": invalid syntax',
      '08': 'strconv.ParseInt: parsing "08": invalid syntax',
      '9223372036854775808': 'strconv.ParseInt: parsing "9223372036854775808": value out of range',
    },
  )
})

test('cpus are billionths, exactly', () => {
  table(
    parseCpus,
    { '1.5': 15e8, '.5': 5e8, '1/2': 5e8, '1e-3': 1e6, '-1': -1e9 },
    {
      abc: 'failed to parse abc as a rational number',
      '1.0000000001': 'value is too precise',
      '1/3': 'value is too precise',
      '1/0': 'failed to parse 1/0 as a rational number',
    },
  )
})

test('published ports: addresses, ranges and protocols', () => {
  const one = (text: string) => parsePublished([text])
  const binding = (HostIp: string, HostPort: string) => [{ HostIp, HostPort }]
  table<ReturnType<typeof one>>(
    one,
    {
      '80': { '80/tcp': binding('', '') },
      '8080:80': { '80/tcp': binding('', '8080') },
      '127.0.0.1::80/UDP': { '80/udp': binding('127.0.0.1', '') },
      '[::1]:80:80': { '80/tcp': binding('::1', '80') },
      '::1:80:80': { '80/tcp': binding('::1', '80') },
      '8000-8001:90-91': { '90/tcp': binding('', '8000'), '91/tcp': binding('', '8001') },
      '8000-8010:80': { '80/tcp': binding('', '8000-8010') },
      'target=80,published=8080,protocol=udp': { '80/udp': binding('', '8080') },
    },
    {
      '99999:80': 'invalid hostPort: 99999',
      abc: 'invalid containerPort: abc',
      '80:80/xyz': 'invalid proto: xyz',
      '8000-8002:9000-9001': 'invalid ranges specified for container and host Ports: 9000-9001 and 8000-8002',
      '1.2.3:80:80': 'invalid IP address: 1.2.3',
      ':80:90:': 'invalid IP address: :80',
      '82-80': 'invalid containerPort: 82-80',
      '80:': 'no port specified: 80:<empty>',
    },
  )
  assert.deepEqual(parseExposed(['80', '81-82/udp']), ['80/tcp', '81/udp', '82/udp'])
  const reason = 'strconv.ParseUint: parsing "a": invalid syntax'
  assert.throws(() => parseExposed(['a']), {
    message: `invalid range format for --expose: a, error: ${reason}`,
  })
})

test('a published range and its parts are the same', () => {
  for (let round = 0; round < 200; round++) {
    const [host, container, length] = [1, 2, 3].map(() => Math.floor(Math.random() * 20_000) + 1) as [
      number,
      number,
      number,
    ]
    const count = length % 30
    const range = `${host}-${host + count}:${container}-${container + count}`
    const parts = Array.from({ length: count + 1 }, (_, index) => `${host + index}:${container + index}`)
    assert.deepEqual(parsePublished([range]), parsePublished(parts), range)
  }
})

test('mounts', () => {
  const parse = (text: string) => parseMount(text, '/project')
  table<ReturnType<typeof parse>>(
    parse,
    {
      'type=bind,src=./a,dst=/b,ro': { Type: 'bind', Source: '/project/a', Target: '/b', ReadOnly: true },
      'src=v,dst=/b,volume-nocopy,volume-label=a=b': {
        Type: 'volume',
        Source: 'v',
        Target: '/b',
        VolumeOptions: { NoCopy: true, Labels: { a: 'b' } },
      },
      'type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=1777': {
        Type: 'tmpfs',
        Target: '/t',
        TmpfsOptions: { SizeBytes: 2 ** 20, Mode: 0o1777 },
      },
      '"type=bind","src=/a,b",dst=/c': { Type: 'bind', Source: '/a,b', Target: '/c' },
    },
    {
      '': 'EOF',
      foo: "invalid field 'foo' must be a key=value pair",
      'foo=bar': "unexpected key 'foo' in 'foo=bar'",
      'type=bind': 'target is required',
      'type=,dst=/x': 'type is required',
      'dst=/x,ro=yes': 'invalid value for ro: yes',
      'type=tmpfs,dst=/x,volume-nocopy': "cannot mix 'volume-*' options with mount type 'tmpfs'",
      'type=tmpfs,dst=/x,tmpfs-mode=9': 'invalid value for tmpfs-mode: 9',
    },
  )
})

test('a record of quoted fields is read back as it was', () => {
  const letters = ['a', ',', '"', '=', ' ', '/']
  for (let round = 0; round < 500; round++) {
    const fields = Array.from({ length: 1 + (round % 4) }, () =>
      Array.from({ length: 1 + (round % 5) }, () => letters[Math.floor(Math.random() * letters.length)]).join(
        '',
      ),
    )
    const text = fields.map((field) => `"${field.replaceAll('"', '""')}"`).join(',')
    assert.deepEqual(parseCsv(text), fields)
  }
})

test('parsers take or refuse any text, but never break', () => {
  const letters = [...'0123456789:-/.,="[]abmktcp ']
  const parsers = [parsePublished, parseExposed].map((parse) => (text: string) => parse([text]))
  const all: ((text: string) => unknown)[] = [
    ...parsers,
    parseMount,
    parseVolume,
    parseMemorySwap,
    parseDuration,
    parseCsv,
  ]
  for (let round = 0; round < 3000; round++) {
    const text = Array.from(
      { length: round % 24 },
      () => letters[Math.floor(Math.random() * letters.length)],
    ).join('')
    for (const parse of all) {
      try {
        parse(text)
      } catch (error) {
        assert.ok(error instanceof RangeError, `${parse.name} ${JSON.stringify(text)}: ${error}`)
      }
    }
  }
})

test('volumes', () => {
  const parse = (text: string) => parseVolume(text, '/project')
  table<ReturnType<typeof parse>>(
    parse,
    {
      '/a': { anonymous: '/a' },
      '/data': { anonymous: '/data' },
      '/a:/b:ro': { bind: '/a:/b:ro' },
      './a:/b': { bind: '/project/a:/b' },
      'vol:/b': { bind: 'vol:/b' },
    },
    {
      '': 'invalid empty volume spec',
      'aa::bb': 'invalid spec: aa::bb: empty section between colons',
      'aa:bb:cc:dd': 'invalid spec: aa:bb:cc:dd: too many colons',
    },
  )
})

test('variables come from files, the command line and the caller', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-options-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = (name: string, content: string | Buffer) => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  const good = file('good', '\uFEFFA=1\n# note\n\n  B=2 \nHOME\nNOPE\nC=a=b\r\nD=')
  assert.deepEqual(readVariables([good], ['E=5', 'HOME', 'NOPE'], { HOME: '/root' }), [
    'A=1',
    'B=2 ',
    'HOME=/root',
    'C=a=b',
    'D=',
    'E=5',
    'HOME=/root',
    'NOPE',
  ])
  assert.deepEqual(readLabels([file('labels', 'a\nb=c\n')], ['d=e=f']), { a: '', b: 'c', d: 'e=f' })
  const bad = {
    spaced: ['A B=1', "variable 'A B' contains whitespaces"],
    nameless: ['=x', "no variable name on line '=x'"],
  }
  for (const [name, [content = '', reason]] of Object.entries(bad)) {
    const path = file(name, content)
    assert.throws(() => readVariables([path], [], {}), { message: `invalid env file (${path}): ${reason}` })
  }
  const binary = file('binary', Buffer.from('A=1\n\xff=1\n', 'latin1'))
  const message = `invalid env file (${binary}): invalid utf8 bytes at line 2: [255 61 49]`
  assert.throws(() => readVariables([binary], [], {}), { message })
  assert.throws(
    () => readVariables([join(folder, 'nope')], [], {}),
    /^RangeError: open .*nope: no such file or directory$/,
  )
})

test('references show in short and go out in full', () => {
  const names = (text: string) => {
    const reference = parseReference(text)
    return reference && [familiarName(reference), reference.fullName]
  }
  assert.deepEqual(names('busybox'), ['busybox:latest', 'docker.io/library/busybox'])
  assert.deepEqual(names('docker.io/library/busybox:1'), ['busybox:1', 'docker.io/library/busybox'])
  assert.deepEqual(names('user/app'), ['user/app:latest', 'docker.io/user/app'])
  assert.deepEqual(names('host:5000/a/b:c'), ['host:5000/a/b:c', 'host:5000/a/b'])
  assert.equal(names('a'.repeat(64)), undefined)
  for (const text of ['', 'a b', 'a:b:c', '-x', 'a..b', 'x@y', 'http://x', 'a/'])
    assert.throws(() => parseReference(text), { message: 'invalid reference format' }, text)
  const message = 'invalid reference format: repository name (library/Busybox) must be lowercase'
  assert.throws(() => parseReference('Busybox'), { message })
})

test('the rest of the small parsers', () => {
  assert.deepEqual(capabilities(['net_admin', 'CAP_SYS_TIME'], ['all']), {
    CapAdd: ['CAP_NET_ADMIN', 'CAP_SYS_TIME'],
    CapDrop: ['ALL'],
  })
  assert.deepEqual(parseDevice('/dev/a:/dev/b:r'), {
    PathOnHost: '/dev/a',
    PathInContainer: '/dev/b',
    CgroupPermissions: 'r',
  })
  assert.throws(() => parseDevice('/dev/a:/dev/b:zz'), { message: 'bad mode specified: zz' })
  assert.equal(parseExtraHost('a=[::1]'), 'a:::1')
  assert.throws(() => parseExtraHost('a:b'), { message: 'invalid IP address in add-host: "b"' })
  assert.deepEqual(parseUlimit('core=0:-1'), { Name: 'core', Soft: 0, Hard: -1 })
})

test('platforms are given in full, whatever is left out of them', () => {
  assert.equal(fullPlatform('linux/aarch64'), 'linux/arm64')
  assert.equal(fullPlatform('armhf'), 'linux/arm/v7')
  const { architecture } = hostPlatform()
  assert.equal(fullPlatform('linux'), `linux/${architecture}`)
  assert.equal(encodePlatform('Linux'), JSON.stringify({ architecture, os: 'linux' }))
  assert.equal(encodePlatform('linux/arm64/v8'), '{"architecture":"arm64","os":"linux"}')
  assert.equal(encodePlatform('armel'), '{"architecture":"arm","os":"linux","variant":"v6"}')
  const problem = 'error parsing specified platform: '
  for (const [text, reason] of [
    ['a/b/c/d', '"a/b/c/d": cannot parse platform specifier: invalid argument'],
    ['armv9000', '"armv9000": unknown operating system or architecture: invalid argument'],
    [
      'linux/',
      '"" is an invalid component of "linux/": platform specifier component must match "^[A-Za-z0-9_.-]+$": invalid argument',
    ],
  ] as const) {
    assert.throws(() => fullPlatform(text), { name: 'RangeError', message: problem + reason })
    assert.throws(() => encodePlatform(text), { message: `invalid platform: ${reason}` })
    assert.throws(() => encodePlatform(text, ''), { message: reason })
  }
})
