import { GantryError } from '@gantry/errors'

const prefix = 'com.docker.network.bridge.'
const interfaceNamePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/

/** Driver options of a bridge network, read from Docker's labels. */
export interface BridgeOptions {
  name?: string
  /** Whether containers of the network may talk to each other. */
  interContainer: boolean
  masquerade: boolean
  /** Where ports without a host address are published. */
  hostBindingIPv4: string
  /** Bytes. */
  mtu?: number
}

/** Reads `com.docker.network.*` options; unknown ones are kept but mean nothing, as in Docker. Throws InvalidParameter. */
export function bridgeOptions(options: Record<string, string>): BridgeOptions {
  return {
    name: interfaceName(options[`${prefix}name`]),
    interContainer: flag(options, `${prefix}enable_icc`, true),
    masquerade: flag(options, `${prefix}enable_ip_masquerade`, true),
    hostBindingIPv4: options[`${prefix}host_binding_ipv4`] || '0.0.0.0',
    mtu: mtu(options['com.docker.network.driver.mtu']),
  }
}

/** Whether the kernel and nftables take this as an interface's name. */
export const isInterfaceName = (name: string): boolean => interfaceNamePattern.test(name)

function interfaceName(name: string | undefined): string | undefined {
  if (!name) return undefined
  if (!isInterfaceName(name)) throw new GantryError('InvalidParameter', `invalid bridge name: ${name}`)
  return name
}

function flag(options: Record<string, string>, name: string, otherwise: boolean): boolean {
  const value = options[name]
  if (value === undefined || value === '') return otherwise
  if (/^(1|t|true)$/i.test(value)) return true
  if (/^(0|f|false)$/i.test(value)) return false
  throw new GantryError('InvalidParameter', `failed to parse ${name} value: ${value} (invalid syntax)`)
}

function mtu(value: string | undefined): number | undefined {
  if (!value || value === '0') return undefined
  const number = Number(value)
  if (!Number.isInteger(number) || number < 68 || number > 65535)
    throw new GantryError('InvalidParameter', `failed to parse com.docker.network.driver.mtu value: ${value}`)
  return number
}
