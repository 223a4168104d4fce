import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ipamConfigs } from './ipam.ts'

const none = { subnets: [], ranges: [], gateways: [], auxiliary: {} }

test('each range, gateway and address goes to the subnet that holds it', () => {
  const configs = ipamConfigs({
    subnets: ['10.1.0.0/16', '2001:db8::/64'],
    ranges: ['10.1.5.0/24'],
    gateways: ['2001:db8::1', '10.1.0.1'],
    auxiliary: { host: '10.1.0.9' },
  })
  assert.deepEqual(configs, [
    {
      Subnet: '10.1.0.0/16',
      IPRange: '10.1.5.0/24',
      Gateway: '10.1.0.1',
      AuxiliaryAddresses: { host: '10.1.0.9' },
    },
    { Subnet: '2001:db8::/64', Gateway: '2001:db8::1' },
  ])
  assert.deepEqual(ipamConfigs(none), [])
  assert.deepEqual(ipamConfigs({ ...none, subnets: ['nonsense'] }), [{ Subnet: 'nonsense' }])
})

test('what fits no subnet is refused', () => {
  const subnets = ['10.1.0.0/16']
  const cases: [Parameters<typeof ipamConfigs>[0], RegExp][] = [
    [{ ...none, gateways: ['10.1.0.1'] }, /^every ip-range or gateway must have a corresponding subnet$/],
    [{ ...none, subnets, gateways: ['10.2.0.1'] }, /^no matching subnet for gateway 10.2.0.1$/],
    [{ ...none, subnets, ranges: ['x'] }, /^invalid CIDR address: x$/],
    [{ ...none, subnets, ranges: ['10.2.0.0/24'] }, /^no matching subnet for range 10.2.0.0\/24$/],
    [{ ...none, subnets, auxiliary: { a: '1.2.3.4' } }, /^no matching subnet for aux-address 1.2.3.4$/],
    [
      { ...none, subnets: ['10.1.0.0/16', '10.1.2.0/24'] },
      /^multiple overlapping subnet configuration is not supported$/,
    ],
  ]
  for (const [flags, message] of cases) assert.throws(() => ipamConfigs(flags), { message })
})
