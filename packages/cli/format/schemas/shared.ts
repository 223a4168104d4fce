/** The named Go types that several of Docker's structs use. */
import {
  type BasicType,
  boolType,
  type Data,
  type GoType,
  int64Type,
  intType,
  type MapType,
  mapOf,
  type StructType,
  sliceOf,
  stringType,
} from '../go/types.ts'
import { formatLayout, goTimeText, type Instant, parseTime, rfc3339, zeroTime } from '../time.ts'

const textType = (name: string): BasicType => ({ kind: 'string', name })

const emptyStruct: StructType = { kind: 'struct', name: 'struct {}', fields: [] }

const timeType: StructType = {
  kind: 'struct',
  name: 'time.Time',
  fields: [],
  stringer: (data) => goTimeText(data as Instant),
  marshal: (data) => `"${rfc3339(data as Instant)}"`,
  unmarshal: (json) => (typeof json === 'string' ? parseTime(json) : undefined) ?? zeroTime,
  methods: {
    String: { parameters: [], result: stringType, call: (data) => goTimeText(data as Instant) },
    Format: {
      parameters: [stringType],
      result: stringType,
      call: (data, [layout]) => formatLayout(data as Instant, layout?.data as string),
    },
    Unix: { parameters: [], result: int64Type, call: (data) => BigInt((data as Instant).seconds) },
    UnixNano: {
      parameters: [],
      result: int64Type,
      call: (data) => BigInt((data as Instant).seconds) * 1000000000n + BigInt((data as Instant).nanoseconds),
    },
    IsZero: {
      parameters: [],
      result: boolType,
      call: (data) => (data as Instant).seconds === zeroTime.seconds,
    },
  },
}

const durationType: BasicType = {
  kind: 'int64',
  name: 'time.Duration',
  stringer: (data) => durationText(data as bigint),
}

/** Go's Duration.String: `1h2m3.5s`, `300ms`. */
function durationText(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0s'
  const sign = nanoseconds < 0n ? '-' : ''
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds
  if (size < 1000n) return `${sign}${size}ns`
  if (size < 1000000n) return `${sign}${decimal(size, 1000n)}µs`
  if (size < 1000000000n) return `${sign}${decimal(size, 1000000n)}ms`
  const minutes = size / 60000000000n
  const seconds = `${decimal(size % 60000000000n, 1000000000n)}s`
  if (minutes === 0n) return sign + seconds
  return `${sign}${minutes >= 60n ? `${minutes / 60n}h` : ''}${minutes % 60n}m${seconds}`
}

function decimal(value: bigint, unit: bigint): string {
  const fraction = String(value % unit)
    .padStart(String(unit).length - 1, '0')
    .replace(/0+$/, '')
  return fraction ? `${value / unit}.${fraction}` : String(value / unit)
}

/** A container's port: `80/tcp`. */
const portType: BasicType = {
  ...textType('nat.Port'),
  methods: {
    Port: { parameters: [], result: stringType, call: (data) => (data as string).split('/')[0] },
    Proto: { parameters: [], result: stringType, call: (data) => (data as string).split('/')[1] || 'tcp' },
    Int: {
      parameters: [],
      result: intType,
      call: (data) => BigInt(Number.parseInt(data as string, 10) || 0),
    },
  },
}

const bindingType: StructType = {
  kind: 'struct',
  name: 'nat.PortBinding',
  fields: [
    { name: 'HostIP', json: 'HostIp', type: stringType },
    { name: 'HostPort', json: 'HostPort', type: stringType },
  ],
}

const portMapType: MapType = mapOf(sliceOf(bindingType), portType, 'nat.PortMap')
const portSetType: MapType = mapOf(emptyStruct, portType, 'nat.PortSet')

/** Asks one thing of a text: `{{.HostConfig.NetworkMode.IsHost}}`. */
const modeType = (name: string, questions: Record<string, (mode: string) => boolean>): BasicType => ({
  ...textType(name),
  methods: Object.fromEntries(
    Object.entries(questions).map(([question, holds]) => [
      question,
      { parameters: [], result: boolType, call: (data: Data) => holds(data as string) },
    ]),
  ),
})

const isContainer = (mode: string): boolean => mode.startsWith('container:')

export const sharedTypes: Readonly<Record<string, GoType>> = {
  'time.Time': timeType,
  'time.Duration': durationType,
  'nat.Port': portType,
  'nat.PortMap': portMapType,
  'nat.PortSet': portSetType,
  'strslice.StrSlice': sliceOf(stringType, 'strslice.StrSlice'),
  emptyStruct,
  'container.NetworkMode': modeType('container.NetworkMode', {
    IsBridge: (mode) => mode === 'bridge',
    IsHost: (mode) => mode === 'host',
    IsNone: (mode) => mode === 'none',
    IsDefault: (mode) => mode === 'default',
    IsContainer: isContainer,
    IsPrivate: (mode) => mode !== 'host' && !isContainer(mode),
    IsUserDefined: (mode) => !['default', 'bridge', 'host', 'none'].includes(mode) && !isContainer(mode),
  }),
  'container.IpcMode': modeType('container.IpcMode', {
    IsPrivate: (mode) => mode === 'private',
    IsHost: (mode) => mode === 'host',
    IsShareable: (mode) => mode === 'shareable',
    IsContainer: isContainer,
    IsNone: (mode) => mode === 'none',
    IsEmpty: (mode) => mode === '',
  }),
  'container.PidMode': modeType('container.PidMode', {
    IsHost: (mode) => mode === 'host',
    IsContainer: isContainer,
    IsPrivate: (mode) => mode !== 'host' && !isContainer(mode),
  }),
  'container.UTSMode': modeType('container.UTSMode', { IsHost: (mode) => mode === 'host' }),
  'container.UsernsMode': modeType('container.UsernsMode', { IsHost: (mode) => mode === 'host' }),
  'container.CgroupnsMode': modeType('container.CgroupnsMode', {
    IsPrivate: (mode) => mode === 'private',
    IsHost: (mode) => mode === 'host',
  }),
  ...Object.fromEntries(
    [
      'container.CgroupSpec',
      'container.Isolation',
      'container.RestartPolicyMode',
      'mount.Type',
      'mount.Consistency',
      'mount.Propagation',
      'digest.Digest',
      'image.ManifestKind',
      'events.Type',
      'events.Action',
      'swarm.LocalNodeState',
      'swarm.ExternalCAProtocol',
      'volume.Scope',
      'volume.SharingMode',
      'volume.Availability',
      'volume.PublishState',
    ].map((name) => [name, textType(name)]),
  ),
  'fs.FileMode': { kind: 'uint32', name: 'fs.FileMode' },
}
