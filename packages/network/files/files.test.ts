import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostsFile, withHostsLines, withHostsLink, withOwnHostsLines, withoutHostsLines } from './hosts.ts'
import {
  internalResolvConf,
  parseResolvConf,
  reachableServers,
  resolvConf,
  usesLocalStub,
} from './resolv-conf.ts'

test('hosts', () => {
  const text = hostsFile({
    hostname: 'h1',
    domainname: 'd1',
    addresses: ['172.17.0.2'],
    extraHosts: ['x:1.2.3.4', 'y=[::1]', 'up:host-gateway'],
    hostGateway: ['172.17.0.1'],
    links: [{ address: '172.17.0.3', names: ['db', 'other'] }],
  })
  assert.equal(
    text,
    [
      '127.0.0.1\tlocalhost',
      '::1\tlocalhost ip6-localhost ip6-loopback',
      'fe00::0\tip6-localnet',
      'ff00::0\tip6-mcastprefix',
      'ff02::1\tip6-allnodes',
      'ff02::2\tip6-allrouters',
      '1.2.3.4\tx',
      '::1\ty',
      '172.17.0.1\tup',
      '172.17.0.3\tdb other',
      '172.17.0.2\th1.d1 h1',
      '',
    ].join('\n'),
  )
})

test('hosts of a container that runs: only the lines concerned are changed', () => {
  const text = '127.0.0.1\tlocalhost\n10.0.0.2\tdb 0123 mysql\n# mine\n10.0.0.3\tweb'
  const more = withHostsLines(text, ['10.0.1.3\tweb', 'fd00::3\tweb'])
  assert.equal(more, `${text}\n10.0.1.3\tweb\nfd00::3\tweb\n`)
  assert.equal(withHostsLines(more, ['10.0.1.3\tweb']), `${text}\nfd00::3\tweb\n10.0.1.3\tweb\n`, 'each once')
  assert.equal(withoutHostsLines(more, ['10.0.1.3\tweb', 'fd00::3\tweb']), `${text}\n`)
  assert.equal(withHostsLines('', ['10.0.1.3\tweb']), '10.0.1.3\tweb\n')

  const own = { hostname: 'web', addresses: ['10.0.0.3', '10.0.1.3'] }
  assert.equal(withOwnHostsLines(`${text}\n10.9.9.9\tweb\n`, own), `${text}\n10.0.1.3\tweb\n`)

  const extra = { ...own, extraHosts: ['web:10.9.9.9'] }
  assert.equal(
    withOwnHostsLines(`${text}\n10.9.9.9\tweb\n10.0.1.3\tweb\n`, extra),
    `${text}\n10.9.9.9\tweb\n10.0.1.3\tweb\n`,
  )

  const moved = withHostsLink(text, ['db', '0123', 'renamed'], '10.0.0.9')
  assert.equal(moved, text.replace('10.0.0.2\tdb 0123 mysql', '10.0.0.9\tdb 0123 renamed'))
  assert.equal(withHostsLink(text, ['db', '0123'], null), text.replace('10.0.0.2\tdb 0123 mysql\n', ''))
  assert.equal(withHostsLink(text, ['db', '01'], null), text, 'another container')
})

test('resolv.conf, read and written', () => {
  const dns = parseResolvConf(
    '# made by hand\nnameserver 127.0.0.53\nnameserver 192.0.2.53 ; second\ndomain old\nsearch a b\noptions ndots:2 edns0\n',
  )
  assert.deepEqual(dns, {
    servers: ['127.0.0.53', '192.0.2.53'],
    search: ['a', 'b'],
    options: ['ndots:2', 'edns0'],
  })
  assert.equal(
    resolvConf({ servers: ['9.9.9.9'], search: ['s1'], options: ['ndots:2'] }),
    'search s1\nnameserver 9.9.9.9\noptions ndots:2\n',
  )
  assert.equal(
    internalResolvConf({ servers: ['9.9.9.9'], search: ['s1'], options: ['edns0'] }),
    'search s1\nnameserver 127.0.0.11\noptions edns0 ndots:0\n',
  )
  assert.match(internalResolvConf(dns), /options ndots:2 edns0\n/)
  assert.equal(resolvConf({ servers: [], search: ['.'], options: [] }), '')
})

test('resolvers that a container reaches', () => {
  assert.deepEqual(reachableServers(['127.0.0.53', '192.0.2.53', '::1', 'fd00::53']), ['192.0.2.53'])
  assert.deepEqual(reachableServers(['fd00::53', 'fe80::1%eth0'], true), ['fd00::53'])
  assert.deepEqual(reachableServers(['127.0.0.1']), ['8.8.8.8', '8.8.4.4'])
  assert.equal(reachableServers([], true).length, 4)
  assert.ok(usesLocalStub(parseResolvConf('nameserver 127.0.0.53\n')))
  assert.ok(!usesLocalStub(parseResolvConf('nameserver 127.0.0.1\n')))
})
