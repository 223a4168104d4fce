import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { IPAMConfig } from '@gantry/api'
import type { EndpointRecord, NetworkRecord } from '@gantry/network'
import { ipamStatus } from './ipam-status.ts'

function status(config: IPAMConfig[], addresses: string[]) {
  const endpoints = addresses.map(
    (address): Pick<EndpointRecord, 'ipv4' | 'ipv6'> =>
      address.includes(':') ? { ipv6: { address, prefix: 64 } } : { ipv4: { address, prefix: 24 } },
  )
  const network: Pick<NetworkRecord, 'ipam'> = { ipam: { Config: config } }
  return ipamStatus(network as NetworkRecord, endpoints as EndpointRecord[])?.IPAM?.Subnets
}

test('an empty network has its gateway, network and broadcast addresses in use', () => {
  assert.deepEqual(status([{ Subnet: '172.17.0.0/16', Gateway: '172.17.0.1' }], []), {
    '172.17.0.0/16': { IPsInUse: 3, DynamicIPsAvailable: 65533 },
  })
})

test('a range gives out only its own addresses', () => {
  const config = { Subnet: '10.9.0.0/24', IPRange: '10.9.0.128/25', Gateway: '10.9.0.1' }
  assert.deepEqual(status([config], ['10.9.0.130', '10.9.0.2']), {
    '10.9.0.0/24': { IPsInUse: 5, DynamicIPsAvailable: 127 },
  })
})

test('each family counts its own addresses; IPv6 counts as far as numbers go', () => {
  const config = [
    { Subnet: '10.9.0.0/24', Gateway: '10.9.0.1' },
    { Subnet: 'fd00::/64', Gateway: 'fd00::1' },
  ]
  assert.deepEqual(status(config, ['10.9.0.2', 'fd00::2']), {
    '10.9.0.0/24': { IPsInUse: 4, DynamicIPsAvailable: 252 },
    'fd00::/64': { IPsInUse: 3, DynamicIPsAvailable: Number.MAX_SAFE_INTEGER - 3 },
  })
})

test('a network without subnets has no status', () => {
  assert.equal(status([], []), undefined)
})
