import { GantryError } from '@gantry/errors'
import type { Filters } from '../contracts.ts'
import { booleanFilter, matchesExactly, matchesLabels, matchesPattern } from '../services/filters.ts'
import type { ContainerDependencies } from './dependencies.ts'
import { parsePortFilter } from './port-filter.ts'
import { parsePort } from './ports.ts'
import type { ContainerRecord } from './record.ts'
import { visibleStatus } from './state.ts'
import { boundPorts, networkMap } from './views.ts'

export const acceptedFilters = [
  'ancestor',
  'before',
  'exited',
  'expose',
  'health',
  'id',
  'is-task',
  'isolation',
  'label',
  'name',
  'network',
  'publish',
  'since',
  'status',
  'volume',
]

type Accepts = (record: ContainerRecord) => boolean

const statuses = ['created', 'restarting', 'running', 'removing', 'paused', 'exited', 'dead']
const healths = ['none', 'starting', 'healthy', 'unhealthy']

/**
 * Filters of a container list as one question to a record; `before` and `since`, which ask of an order, apart.
 * Values of one filter are alternatives (labels: all of them), filters add up. Throws InvalidParameter.
 */
export async function compileFilters(
  filters: Filters,
  deps: Pick<ContainerDependencies, 'images' | 'networks'>,
): Promise<Accepts> {
  checkValues(filters, 'status', statuses)
  const health = (filters.health ?? []).find((value) => !healths.includes(value))
  if (health !== undefined)
    throw new GantryError('InvalidParameter', `Unrecognised filter value for health: ${health}`)
  const checks: Accepts[] = [
    (record) => matchesPattern(filters, 'id', record.id),
    (record) =>
      matchesPattern(filters, 'name', record.name) || matchesPattern(filters, 'name', `/${record.name}`),
    (record) => matchesLabels(filters, 'label', record.config.Labels ?? {}),
    (record) => matchesExactly(filters, 'status', visibleStatus(record.state)),
    (record) => matchesExactly(filters, 'health', record.health?.Status ?? 'none'),
    exitedFilter(filters),
    anyOf(filters, 'volume', (value) => (record) => hasVolume(record, value)),
    anyOf(filters, 'network', (value) => (record) => isOnNetwork(record, value, deps)),
    anyOf(filters, 'expose', (value) => portFilter('expose', value, exposedPorts)),
    anyOf(filters, 'publish', (value) =>
      portFilter('publish', value, (record) => publishedPorts(record, deps)),
    ),
    await ancestorFilter(filters, deps),
    taskFilter(filters),
  ]
  return (record) => checks.every((accepts) => accepts(record))
}

function checkValues(filters: Filters, name: string, known: string[]): void {
  const unknown = (filters[name] ?? []).find((value) => !known.includes(value))
  if (unknown !== undefined) throw new GantryError('InvalidParameter', `Invalid filter '${name}=${unknown}'`)
}

function anyOf(filters: Filters, name: string, compile: (value: string) => Accepts): Accepts {
  const alternatives = (filters[name] ?? []).map(compile)
  return (record) => alternatives.length === 0 || alternatives.some((accepts) => accepts(record))
}

function exitedFilter(filters: Filters): Accepts {
  const codes = (filters.exited ?? []).map((value) => {
    if (/^[-+]?\d+$/.test(value)) return Number(value)
    throw new GantryError(
      'InvalidParameter',
      `strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`,
    )
  })
  return ({ state }) =>
    codes.length === 0 ||
    (state.status === 'exited' && state.finishedAt !== null && codes.includes(state.exitCode))
}

function hasVolume({ mounts }: ContainerRecord, value: string): boolean {
  return mounts.some(({ name, source, destination }) => [name || source, destination].includes(value))
}

function isOnNetwork(
  record: ContainerRecord,
  value: string,
  { networks }: Pick<ContainerDependencies, 'networks'>,
): boolean {
  return Object.entries(networkMap({ ...record, started: true }, networks)).some(
    ([name, { NetworkID = '' }]) => name === value || (value !== '' && NetworkID.startsWith(value)),
  )
}

/** No container here belongs to a task of a cluster. */
function taskFilter(filters: Filters): Accepts {
  const isTask = booleanFilter(filters, 'is-task')
  return () => isTask !== true
}

function portFilter(name: string, value: string, portsOf: (record: ContainerRecord) => string[]): Accepts {
  const wanted = parsePortFilter(name, value)
  return (record) =>
    portsOf(record).some((text) => {
      const port = parsePort(text)
      return port.protocol === wanted.protocol && port.first <= wanted.last && port.last >= wanted.first
    })
}

function exposedPorts({ config }: ContainerRecord): string[] {
  return Object.keys(config.ExposedPorts ?? {})
}

function publishedPorts(
  record: ContainerRecord,
  { networks }: Pick<ContainerDependencies, 'networks'>,
): string[] {
  const maps = [record.hostConfig.PortBindings ?? {}, boundPorts(record, networks)]
  return maps.flatMap((map) =>
    Object.entries(map).flatMap(([port, bindings]) =>
      (bindings ?? [])
        .filter(({ HostPort }) => HostPort)
        .map(({ HostPort }) => `${HostPort}/${parsePort(port).protocol}`),
    ),
  )
}

async function ancestorFilter(
  filters: Filters,
  { images }: Pick<ContainerDependencies, 'images'>,
): Promise<Accepts> {
  const references = filters.ancestor ?? []
  if (references.length === 0) return () => true
  const found = await Promise.all(references.map((reference) => images.resolve(reference).catch(() => null)))
  const ids = new Set(found.map((image) => image?.id))
  return ({ image }) => image !== null && ids.has(image.id)
}
