import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { IPAM } from '@gantry/api'
import { isKind } from '@gantry/errors'
import type { NetworkRecord } from '../contracts.ts'
import { Addresses } from './addresses.ts'
import { blockOf, contains, formatAddress, formatCidr, overlaps, parseAddress, parseCidr } from './cidr.ts'
import { planIpam } from './configuration.ts'
import { chooseSubnet, defaultPools } from './pools.ts'

const wishes = (ipam: IPAM | undefined, more: object = {}) => ({
  ipam,
  ipv4: true,
  ipv6: false,
  pools: defaultPools,
  networks: [],
  routes: [],
  ...more,
})

function network(config: IPAM['Config'], enableIPv6 = false): NetworkRecord {
  return {
    id: 'n'.repeat(64),
    name: 'net',
    driver: 'bridge',
    created: '',
    internal: false,
    attachable: false,
    enableIPv4: true,
    enableIPv6,
    ipam: { Config: config },
    options: {},
    labels: {},
  }
}

test('blocks of addresses', () => {
  const block = parseCidr('10.1.0.0/16')
  assert.equal(formatCidr(blockOf(parseCidr('10.1.2.3/16'))), '10.1.0.0/16')
  assert.ok(contains(block, parseAddress('10.1.255.255')))
  assert.ok(!contains(block, parseAddress('10.2.0.0')))
  assert.ok(overlaps(block, parseCidr('10.1.9.0/24')))
  assert.ok(!overlaps(block, parseCidr('fd00::/8')))
  assert.equal(formatAddress(parseAddress('fd00:0::1')), 'fd00::1')
  for (const wrong of ['10.0.0.0', '10.0.0.0/33', '300.0.0.0/8', 'x/8', '10.0.0.0/', 'fd00::/129'])
    assert.throws(() => parseCidr(wrong), TypeError, wrong)
})

test('subnets from the pools avoid what is taken', () => {
  const choose = (...taken: string[]) => formatCidr(chooseSubnet(defaultPools, 32, taken.map(parseCidr)))
  assert.equal(choose(), '172.17.0.0/16')
  assert.equal(choose('172.17.0.0/16', '172.18.5.0/24'), '172.19.0.0/16')
  assert.equal(choose('172.16.0.0/12'), '192.168.0.0/20')
  assert.equal(choose('172.16.0.0/12', '192.168.0.0/18'), '192.168.64.0/20')
  const small = [{ base: '10.0.0.0/29', size: 30 }]
  assert.equal(formatCidr(chooseSubnet(small, 32, [parseCidr('10.0.0.0/30')])), '10.0.0.4/30')
  assert.throws(
    () => chooseSubnet(small, 32, [parseCidr('10.0.0.0/8')]),
    /could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network/,
  )
  assert.throws(() => chooseSubnet([{ base: '10.0.0.0/24', size: 16 }], 32, []), /invalid pool size/)
})

test('what users ask for', () => {
  const asked = { Subnet: '10.91.0.0/24', IPRange: '10.91.0.128/25', Gateway: '10.91.0.1' }
  assert.deepEqual(planIpam(wishes({ Config: [asked] })), { Driver: 'default', Options: {}, Config: [asked] })
  assert.equal(planIpam(wishes({ Config: [{ Subnet: '10.91.0.0/24' }] })).Config?.[0]?.Gateway, '10.91.0.1')
  const auxiliary = { Subnet: '10.91.0.0/24', AuxiliaryAddresses: { router: '10.91.0.1' } }
  assert.equal(planIpam(wishes({ Config: [auxiliary] })).Config?.[0]?.Gateway, '10.91.0.2')
  const both = planIpam(wishes({ Config: [{ Subnet: 'fd00:1::/64' }] }, { ipv6: true }))
  assert.deepEqual(
    both.Config?.map(({ Subnet }) => Subnet),
    ['172.17.0.0/16', 'fd00:1::/64'],
  )
})

for (const [config, kind, message] of [
  [
    { Subnet: '300.0.0.0/8' },
    'InvalidParameter',
    'Invalid subnet 300.0.0.0/8 : invalid CIDR address: 300.0.0.0/8',
  ],
  [{ Subnet: '10.1.2.3/24' }, 'InvalidParameter', 'invalid subnet 10.1.2.3/24: it should be 10.1.2.0/24'],
  [
    { Subnet: '10.92.0.0/24', Gateway: '10.93.0.1' },
    'InvalidParameter',
    "invalid gateway 10.93.0.1: parent subnet 10.92.0.0/24 doesn't contain this address",
  ],
  [
    { Subnet: '10.92.0.0/24', IPRange: '10.92.0.0/16' },
    'InvalidParameter',
    "invalid ip-range 10.92.0.0/16: parent subnet 10.92.0.0/24 doesn't contain ip-range",
  ],
  [{ Subnet: '10.50.0.0/16' }, 'Forbidden', 'Pool overlaps with other one on this address space'],
] as const)
  test(`refused: ${JSON.stringify(config)}`, () => {
    const networks = [parseCidr('10.50.3.0/24')]
    assert.throws(
      () => planIpam(wishes({ Config: [config] }, { networks })),
      (error: unknown) => isKind(error, kind) && error.message === message,
    )
  })

test('addresses of endpoints', () => {
  const addresses = new Addresses()
  const net = network([{ Subnet: '10.0.0.0/29', Gateway: '10.0.0.1', AuxiliaryAddresses: { a: '10.0.0.3' } }])
  addresses.addNetwork(net)
  const take = (ipv4?: string) => addresses.assign(net, { ipv4 }).ipv4?.address
  assert.equal(take('10.0.0.4'), '10.0.0.4')
  assert.deepEqual(addresses.assign(net, {}), {
    ipv4: { address: '10.0.0.2', prefix: 29, gateway: '10.0.0.1' },
  })
  assert.equal(take(), '10.0.0.5')
  assert.equal(take(), '10.0.0.6')
  assert.throws(
    () => take(),
    /^GantryError: no available IPv4 addresses on this network's address pools: net \(n{64}\)$/,
  )
  assert.throws(() => take('10.0.0.4'), /Address already in use/)
  assert.throws(() => take('10.0.9.9'), /It does not belong to any of this network's subnets/)
  assert.throws(() => take('x'), /invalid IP address/)
  addresses.release(net.id, { ipv4: { address: '10.0.0.2', prefix: 29 } })
  assert.equal(take(), '10.0.0.2', 'the lowest free one')
})

test('a family that fails gives the other back', () => {
  const addresses = new Addresses()
  const net = network(
    [
      { Subnet: '10.0.0.0/29', Gateway: '10.0.0.1' },
      { Subnet: 'fd00::/126', Gateway: 'fd00::1' },
    ],
    true,
  )
  addresses.addNetwork(net)
  assert.deepEqual(addresses.assign(net, { ipv6: 'fd00::3' }).ipv6, {
    address: 'fd00::3',
    prefix: 126,
    gateway: 'fd00::1',
  })
  assert.throws(() => addresses.assign(net, { ipv6: 'fd00::3' }), /Address already in use/)
  assert.equal(addresses.assign(net, {}).ipv4?.address, '10.0.0.3')
})

test('a range narrows what is given, not what may be asked for', () => {
  const addresses = new Addresses()
  const net = network([{ Subnet: '10.0.0.0/24', IPRange: '10.0.0.128/31', Gateway: '10.0.0.1' }])
  addresses.addNetwork(net)
  assert.equal(addresses.assign(net, {}).ipv4?.address, '10.0.0.128')
  assert.equal(addresses.assign(net, { ipv4: '10.0.0.77' }).ipv4?.address, '10.0.0.77')
  assert.equal(addresses.assign(net, {}).ipv4?.address, '10.0.0.129')
  assert.throws(() => addresses.assign(net, {}), /no available IPv4/)
})
