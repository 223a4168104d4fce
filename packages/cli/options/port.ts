/** Published and exposed ports: `-p [ip:][host[-end]:]container[-end][/protocol]`, `--expose port[-end][/protocol]`. */

import { parseGoUint } from './go-numbers.ts'
import { ipVersion } from './ip-version.ts'

/** Host sides by container port: `{ '80/tcp': [{ HostIp: '', HostPort: '8080' }] }`. */
export type PortBindings = Record<string, { HostIp: string; HostPort: string }[]>

/** Reads all values of `--publish`. Throws RangeError with Docker's words. */
export function parsePublished(specs: readonly string[]): PortBindings {
  const bindings: PortBindings = {}
  for (const { port, binding } of specs.map(shortNotation).flatMap(parsePortSpec)) {
    bindings[port] ??= []
    bindings[port].push(binding)
  }
  return bindings
}

/** Reads all values of `--expose` into container ports, `80/tcp`. */
export function parseExposed(specs: readonly string[]): string[] {
  return specs.flatMap((spec) => {
    if (spec.includes(':')) throw new RangeError(`invalid port format for --expose: ${spec}`)
    const [protocol, ports] = splitProtocol(spec)
    const [start, end] = rangeOrThrow(
      ports,
      (reason) => `invalid range format for --expose: ${spec}, error: ${reason}`,
    )
    checkProtocol(protocol)
    return numbers(start, end).map((port) => `${port}/${protocol.toLowerCase()}`)
  })
}

interface PortMapping {
  port: string
  binding: { HostIp: string; HostPort: string }
}

function parsePortSpec(spec: string): PortMapping[] {
  const { ip, host, container: last } = splitParts(spec)
  const [protocol, container] = splitProtocol(last)
  const address = readAddress(ip)
  if (container === '') throw new RangeError(`no port specified: ${spec}<empty>`)
  const [start, end] = rangeOrThrow(container, () => `invalid containerPort: ${container}`)
  const [hostStart, hostEnd] = host === '' ? [0, 0] : rangeOrThrow(host, () => `invalid hostPort: ${host}`)
  if (host !== '' && end - start !== hostEnd - hostStart && end !== start) {
    throw new RangeError(`invalid ranges specified for container and host Ports: ${container} and ${host}`)
  }
  checkProtocol(protocol)
  return numbers(start, end).map((port) => ({
    port: `${port}/${protocol.toLowerCase()}`,
    binding: {
      HostIp: address,
      HostPort: hostPort(host, hostStart + port - start, start === end ? hostEnd : 0),
    },
  }))
}

/** A host range for one container port stays a range: the engine takes what is free in it. */
function hostPort(host: string, port: number, end: number): string {
  if (host === '') return ''
  return end > port ? `${port}-${end}` : String(port)
}

/** `target=80,published=8080,protocol=udp` in the short notation. */
function shortNotation(spec: string): string {
  if (!spec.includes('=')) return spec
  const values: Record<string, string> = { protocol: 'tcp', target: '', published: '' }
  for (const field of spec.split(',')) {
    const [key = '', value, more] = field.split('=')
    if (value === undefined || more !== undefined || !(key in values)) {
      throw new RangeError(`invalid publish opts format (should be name=value but got '${field}')`)
    }
    values[key] = value
  }
  const { published, target, protocol } = values
  return published === '' ? `${target}/${protocol}` : `${published}:${target}/${protocol}`
}

function splitParts(spec: string): { ip: string; host: string; container: string } {
  const parts = spec.split(':')
  const container = parts.pop() ?? ''
  const host = parts.pop() ?? ''
  return { ip: parts.join(':'), host, container }
}

function splitProtocol(port: string): [protocol: string, port: string] {
  const [number = '', protocol] = port.split('/')
  return number === '' ? ['', ''] : [protocol || 'tcp', number]
}

function readAddress(ip: string): string {
  const address = /^\[(.*)\]$/.exec(ip)?.[1] ?? ip
  if (ip.startsWith('[') && address === ip) {
    throw new RangeError(`invalid IP address ${ip}: address ${ip}:: missing ']' in address`)
  }
  if (address !== '' && (ipVersion(address) === 0 || address.includes('%'))) {
    throw new RangeError(`invalid IP address: ${address}`)
  }
  return address
}

function checkProtocol(protocol: string): void {
  if (!['tcp', 'udp', 'sctp'].includes(protocol.toLowerCase()))
    throw new RangeError(`invalid proto: ${protocol}`)
}

function rangeOrThrow(text: string, message: (reason: string) => string): [start: number, end: number] {
  try {
    return parseRange(text)
  } catch (error) {
    throw new RangeError(message((error as Error).message))
  }
}

function parseRange(text: string): [start: number, end: number] {
  if (text === '') throw new RangeError('empty string specified for ports')
  const [first = '', last] = text.split('-')
  const start = parseGoUint(first, 16, 10)
  const end = last === undefined ? start : parseGoUint(last, 16, 10)
  if (end < start) throw new RangeError(`invalid range specified for port: ${text}`)
  return [start, end]
}

function numbers(start: number, end: number): number[] {
  return Array.from({ length: end - start + 1 }, (_, index) => start + index)
}
