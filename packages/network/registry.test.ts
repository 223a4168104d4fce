import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { interfaceIndex, Nftables } from '@gantry/syscall'
import { Addresses } from './ipam/addresses.ts'
import { defaultPools } from './ipam/pools.ts'
import { type Kernel, openKernel } from './kernel.ts'
import { NetworkRegistry } from './registry.ts'
import { enterOwnNetwork, isRoot, MemoryTable } from './testing.ts'

const skip = !isRoot && 'needs root'
if (isRoot) enterOwnNetwork()

/** A registry whose kernel may refuse: `broken` names what does not work. */
function open(t: TestContext, broken: { chain?: boolean; removal?: boolean }) {
  const kernel = openKernel('gantry')
  t.after(() => kernel.close())
  kernel.firewall.rebuild([])
  const { rtnetlink, foreignChain } = kernel
  const faulty = {
    ...kernel,
    foreignChain: {
      allow: (names: readonly string[]) => {
        if (broken.chain) throw new Error('no chain')
        foreignChain.allow(names)
      },
    },
    rtnetlink: new Proxy(rtnetlink, {
      get(target, name) {
        if (name === 'deleteLinkInBackground' && broken.removal)
          return () => Promise.reject(new Error('link is busy'))
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    }),
  } as unknown as Kernel
  const table = new MemoryTable<never>()
  const log = () => {}
  return new NetworkRegistry({ kernel: faulty, table, addresses: new Addresses(), pools: defaultPools, log })
}

/** What the firewall knows of bridges. */
function bridgesOfFirewall(): string {
  using nftables = new Nftables()
  return JSON.stringify(nftables.list('list set inet gantry bridges'))
}

test('a network that cannot be made leaves no bridge and no rule', { skip }, (t) => {
  const registry = open(t, { chain: true })
  const options = { 'com.docker.network.bridge.name': 'br-half' }
  assert.throws(() => registry.create({ name: 'half', options }), { message: 'no chain' })
  assert.equal(interfaceIndex('br-half'), undefined)
  assert.doesNotMatch(bridgesOfFirewall(), /br-half/)
  assert.deepEqual(registry.list(), [])
})

test('a network that cannot be removed goes on working', { skip }, async (t) => {
  const broken = { removal: true }
  const registry = open(t, broken)
  const options = { 'com.docker.network.bridge.name': 'br-stays' }
  const network = registry.create({ name: 'stays', options })
  await assert.rejects(registry.remove(network), { message: 'link is busy' })
  assert.deepEqual(registry.list(), [network])
  assert.match(bridgesOfFirewall(), /br-stays/)
  broken.removal = false
  await registry.remove(network)
  assert.equal(interfaceIndex('br-stays'), undefined)
  assert.doesNotMatch(bridgesOfFirewall(), /br-stays/)
})
