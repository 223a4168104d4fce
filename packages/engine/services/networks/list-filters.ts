import { GantryError } from '@gantry/errors'
import type { NetworkRecord } from '@gantry/network'
import type { Filters } from '../../contracts.ts'
import { checkFilters, matchesExactly, matchesLabels, matchesPattern } from '../filters.ts'
import { predefined, wireDriver } from './wire.ts'

/** The filters of `GET /networks`, checked. `inUse` says whether a container is on the network. */
export function networkFilter(
  filters: Filters,
  inUse: (network: NetworkRecord) => boolean,
): (network: NetworkRecord) => boolean {
  checkFilters(filters, ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type'])
  const dangling = danglingFilter(filters)
  const types = filters.type ?? []
  for (const type of types)
    if (type !== 'builtin' && type !== 'custom')
      throw new GantryError('InvalidParameter', `invalid filter: 'type'='${type}'`)
  const isDangling = (network: NetworkRecord) => !predefined.includes(network.name) && !inUse(network)
  return (network) =>
    (dangling === undefined || dangling === isDangling(network)) &&
    matchesExactly(filters, 'driver', wireDriver(network)) &&
    matchesPattern(filters, 'id', network.id) &&
    matchesPattern(filters, 'name', network.name) &&
    matchesLabels(filters, 'label', network.labels) &&
    matchesExactly(filters, 'scope', 'local') &&
    matchesExactly(filters, 'type', predefined.includes(network.name) ? 'builtin' : 'custom')
}

function danglingFilter(filters: Filters): boolean | undefined {
  const values = filters.dangling ?? []
  if (values.length === 0) return undefined
  const [value] = values
  if (values.length > 1)
    throw new GantryError('InvalidParameter', 'got more than one value for filter key "dangling"')
  if (value === 'true' || value === '1') return true
  if (value === 'false' || value === '0') return false
  throw new GantryError(
    'InvalidParameter',
    'invalid value for filter \'dangling\', must be "true" (or "1"), or "false" (or "0")',
  )
}
