import { isIP, isIPv4 } from 'node:net'
import { checkLogConfig, logDriverNames } from '@gantry/engine'
import { GantryError } from '@gantry/errors'
import { logLevels } from '../log.ts'
import type { OptionValues } from './option-values.ts'
import { checkRegistries } from './registries.ts'

/** Checks what a type alone does not. Throws InvalidParameter. */
export function checkValues(values: OptionValues): void {
  checkLogging(values)
  checkNetwork(values)
  checkRuntimes(values)
  for (const label of values.labels ?? [])
    if (!label.includes('=')) throw invalid(`bad attribute format: ${label}`)
  checkUniqueLabels(values.labels ?? [])
  checkRegistries(values)
  if ((values['shutdown-timeout'] ?? 0) < -1)
    throw invalid(`invalid shutdown timeout: ${values['shutdown-timeout']}`)
  for (const key of ['data-root', 'exec-root', 'pidfile'] as const) {
    const path = values[key]
    if (path !== undefined && !path.startsWith('/')) throw invalid(`${key} must be an absolute path: ${path}`)
  }
}

function checkLogging(values: OptionValues): void {
  const level = values['log-level']
  if (level !== undefined && !logLevels.some((known) => known === level))
    throw invalid(`invalid logging level: ${level}`)
  const format = values['log-format']
  if (format !== undefined && format !== 'text' && format !== 'json')
    throw invalid(`invalid log format: ${format}`)
  const driver = values['log-driver'] ?? 'json-file'
  if (driver !== 'none' && !logDriverNames.includes(driver))
    throw invalid(`logger: no log driver named '${driver}' is registered`)
  checkLogConfig({ driver, options: values['log-opts'] ?? {} })
}

function checkNetwork(values: OptionValues): void {
  if (values.bip && !isCidr(values.bip)) throw invalid(`invalid CIDR address: ${values.bip}`)
  if (values.bridge === 'none' && values.bip) throw invalid('--bridge=none and --bip cannot be used together')
  if (values.ip !== undefined && isIP(values.ip) === 0)
    throw invalid(`IP address is not correctly formatted: ${values.ip}`)
  for (const address of values['host-gateway-ips'] ?? [])
    if (isIP(address) === 0) throw invalid(`IP address is not correctly formatted: ${address}`)
  for (const server of values.dns ?? [])
    if (isIP(server) === 0) throw invalid(`IP address is not correctly formatted: ${server}`)
  if (values.ipv6)
    throw invalid(
      'IPv6 on the default bridge is not available in this version of Gantry: make a network with --ipv6',
    )
  const mtu = values.mtu ?? 0
  if (mtu < 0 || mtu > 65535) throw invalid(`invalid default MTU: ${mtu}`)
  for (const { base, size } of values['default-address-pools'] ?? []) {
    if (!isCidr(base)) throw invalid(`invalid CIDR address: ${base}`)
    const prefix = Number(base.split('/')[1])
    if (!(size >= prefix && size <= (isIPv4(base.split('/')[0] ?? '') ? 30 : 126)))
      throw invalid(`invalid size ${size} of address pool ${base}`)
  }
}

/** `address/prefix`, the address being of a host or of a network. */
function isCidr(text: string): boolean {
  const [address = '', prefix = '', ...more] = text.split('/')
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
  return more.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= bits
}

function checkRuntimes(values: OptionValues): void {
  for (const [name, { path, runtimeArgs }] of Object.entries(values.runtimes ?? {})) {
    if (name === 'runc' || name === 'crun') throw invalid(`runtime name '${name}' is reserved`)
    if (!path) throw invalid(`runtime '${name}' has no path`)
    if (runtimeArgs?.length)
      throw invalid(`runtime '${name}': runtimeArgs are not available in this version of Gantry`)
  }
  const chosen = values['default-runtime']
  if (chosen && chosen !== 'runc' && chosen !== 'crun' && !Object.hasOwn(values.runtimes ?? {}, chosen))
    throw invalid(`specified default runtime '${chosen}' does not exist`)
}

function checkUniqueLabels(labels: readonly string[]): void {
  const seen = new Map<string, string>()
  for (const label of labels) {
    const [key = '', ...value] = label.split('=')
    const text = value.join('=')
    if (seen.has(key) && seen.get(key) !== text)
      throw invalid(`conflict labels for ${key}=${text} and ${key}=${seen.get(key)}`)
    seen.set(key, text)
  }
}

function invalid(message: string): GantryError {
  return new GantryError('InvalidParameter', message)
}
