/** The environment variables of links, as Docker has made them since its beginnings. Pure functions. */
import { parsePort } from './ports.ts'

export interface LinkedContainer {
  /** `/container/alias`. */
  name: string
  alias: string
  address: string
  /** Config.ExposedPorts keys of the target. */
  ports: readonly string[]
  /** Config.Env of the target. */
  environment: readonly string[]
}

interface Port {
  number: number
  protocol: string
}

/** Of every container, and of no use to others. */
const ownVariables = ['HOME', 'PATH']

/** `ALIAS_PORT_80_TCP_ADDR=…` and its companions, `ALIAS_NAME`, and the target's own variables as `ALIAS_ENV_…`. */
export function linkEnvironment({ name, alias, address, ports, environment }: LinkedContainer): string[] {
  const prefix = alias.toUpperCase().replaceAll('-', '_')
  const sorted = ports
    .map((text): Port => ({ number: parsePort(text).first, protocol: parsePort(text).protocol }))
    .sort((a, b) => rank(a) - rank(b) || a.number - b.number)
  const url = ({ number, protocol }: Port) => `${protocol}://${address}:${number}`
  const first = [...sorted].sort((a, b) => a.number - b.number || rank(a) - rank(b))[0]
  const own = environment.filter((entry) => !ownVariables.includes(entry.split('=', 1)[0] ?? ''))
  return [
    ...(first ? [`${prefix}_PORT=${url(first)}`] : []),
    ...ranges(sorted).flatMap(([from, to]) => [
      `${variable(prefix, from)}_START=${url(from)}`,
      `${variable(prefix, from)}_END=${url(to)}`,
      `${variable(prefix, from)}_PORT_START=${from.number}`,
      `${variable(prefix, from)}_PORT_END=${to.number}`,
    ]),
    ...sorted.flatMap((port) => [
      `${variable(prefix, port)}=${url(port)}`,
      `${variable(prefix, port)}_ADDR=${address}`,
      `${variable(prefix, port)}_PORT=${port.number}`,
      `${variable(prefix, port)}_PROTO=${port.protocol}`,
    ]),
    `${prefix}_NAME=${name}`,
    ...own.filter((entry) => entry.includes('=')).map((entry) => `${prefix}_ENV_${entry}`),
  ]
}

const rank = ({ protocol }: Port): number => (protocol === 'tcp' ? 0 : 1)
const variable = (prefix: string, { number, protocol }: Port) =>
  `${prefix}_PORT_${number}_${protocol.toUpperCase()}`

/** First and last of each run of neighbouring ports of one protocol. */
function ranges(sorted: readonly Port[]): [Port, Port][] {
  const found: [Port, Port][] = []
  let start = 0
  for (let index = 1; index <= sorted.length; index++) {
    const [before, port] = [sorted[index - 1] as Port, sorted[index]]
    if (port && port.protocol === before.protocol && port.number === before.number + 1) continue
    const from = sorted[start] as Port
    if (from !== before) found.push([from, before])
    start = index
  }
  return found
}
