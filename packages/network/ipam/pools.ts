import { GantryError } from '@gantry/errors'
import { blockOf, type Cidr, lastOf, overlaps, parseCidr, sizeOf } from './cidr.ts'

/** As in `--default-address-pool base=10.10.0.0/16,size=24`: subnets of `size` bits are cut from `base`. */
export interface AddressPool {
  base: string
  size: number
}

/** What Docker has built in. */
export const defaultPools: readonly AddressPool[] = [
  { base: '172.17.0.0/16', size: 16 },
  { base: '172.18.0.0/16', size: 16 },
  { base: '172.19.0.0/16', size: 16 },
  { base: '172.20.0.0/14', size: 16 },
  { base: '172.24.0.0/14', size: 16 },
  { base: '172.28.0.0/14', size: 16 },
  { base: '192.168.0.0/16', size: 20 },
]

/** Reads and checks a pool of the configuration. Throws GantryError InvalidParameter. */
export function checkPool(pool: AddressPool): Cidr {
  let base: Cidr
  try {
    base = blockOf(parseCidr(pool.base))
  } catch (cause) {
    throw new GantryError('InvalidParameter', `invalid base pool "${pool.base}"`, { cause })
  }
  if (!Number.isInteger(pool.size) || pool.size < base.prefix || pool.size > base.bits)
    throw new GantryError('InvalidParameter', `invalid pool size ${pool.size} for base pool ${pool.base}`)
  return base
}

/**
 * The first subnet of the pools that overlaps nothing of `taken` (other networks, routes of the host).
 * Throws GantryError NotFound in Docker's words when there is none.
 */
export function chooseSubnet(pools: readonly AddressPool[], bits: 32 | 128, taken: readonly Cidr[]): Cidr {
  for (const pool of pools) {
    const base = checkPool(pool)
    if (base.bits !== bits) continue
    const subnet = firstFree(base, pool.size, taken)
    if (subnet) return subnet
  }
  const family = bits === 32 ? 'IPv4' : 'IPv6'
  throw new GantryError(
    'NotFound',
    `could not find an available, non-overlapping ${family} address pool among the defaults to assign to the network`,
  )
}

function firstFree(base: Cidr, prefix: number, taken: readonly Cidr[]): Cidr | undefined {
  let candidate: Cidr = { ...base, prefix }
  while (candidate.value <= lastOf(base)) {
    const obstacle = taken.find((other) => overlaps(candidate, other))
    if (!obstacle) return candidate
    // Jump behind whatever is in the way, however large it is.
    const step = sizeOf(candidate)
    candidate = { ...candidate, value: (lastOf(obstacle) / step + 1n) * step }
  }
  return undefined
}
