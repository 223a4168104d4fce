import { isIP } from 'node:net'
import type { ContainerConfig, HostConfig } from '@gantry/api'
import { GantryError } from '@gantry/errors'
import { parsePort } from './ports.ts'
import { parseSignal } from './signals.ts'
import { validateModes } from './validate-modes.ts'
import { type JudgedResources, type ResourceFacts, validateResources } from './validate-resources.ts'
import { validateSecurity } from './validate-security.ts'

const invalid = (message: string) => new GantryError('InvalidParameter', message)

/** What of the host and the daemon's configuration decides whether a request can be met. */
export interface HostFacts extends ResourceFacts {
  /** Bytes. */
  memory: number
  runtimes: readonly string[]
  /** `--userns-remap` of the daemon is in force. */
  remapped: boolean
  /** `CAP_…` that a container can be given. */
  capabilities: readonly string[]
}

/**
 * Everything of a create request that can be judged without touching the host (mounts apart, see mounts.ts).
 * Returns the host configuration without what this host cannot do, and warnings for the user. Throws InvalidParameter in
 * Docker's words.
 */
export function validateCreate(config: ContainerConfig, host: HostConfig, facts: HostFacts): JudgedResources {
  validateConfig(config)
  validatePorts(config, host)
  validateRestartPolicy(host)
  validateModes(config, host, facts.remapped)
  validateSecurity(host, facts.capabilities)
  for (const entry of host.ExtraHosts ?? []) validateExtraHost(entry)
  for (const server of host.Dns ?? []) {
    if (isIP(server) === 0) throw invalid(`IP address is not correctly formatted: ${server}`)
  }
  const runtime = host.Runtime ?? ''
  if (runtime !== '' && !facts.runtimes.includes(runtime)) {
    throw invalid(`Unknown runtime specified ${runtime}`)
  }
  const judged = validateResources(host, facts)
  if (host.NetworkMode === 'host' && Object.keys(host.PortBindings ?? {}).length > 0) {
    judged.warnings.push('Published ports are discarded when using host network mode')
  }
  return judged
}

function validateConfig(config: ContainerConfig): void {
  validateUser(config.User ?? '')
  if (config.WorkingDir && !config.WorkingDir.startsWith('/')) {
    throw invalid(`the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`)
  }
  if (config.StopSignal) parseSignal(config.StopSignal)
  for (const entry of config.Env ?? []) {
    if (entry === '' || entry.startsWith('=')) throw invalid(`invalid environment variable: ${entry}`)
  }
  validateHealthcheck(config.Healthcheck)
}

/** A numeric user or group must fit the kernel's range, or it would wrap round to another one (CVE-2024-40635). */
export function validateUser(user: string): void {
  for (const part of user.split(':')) {
    if (/^-?\d+$/.test(part) && (Number(part) < 0 || Number(part) > 2 ** 31 - 1)) {
      throw invalid('uids and gids must be in range 0-2147483647')
    }
  }
}

/** Durations are nanoseconds; zero means the default. */
function validateHealthcheck(check: ContainerConfig['Healthcheck'] | null): void {
  if (!check) return
  const millisecond = 1e6
  for (const field of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const) {
    const value = check[field] ?? 0
    if (value !== 0 && value < millisecond) throw invalid(`${field} in Healthcheck cannot be less than 1ms`)
  }
  if ((check.Retries ?? 0) < 0) throw invalid('Retries in Healthcheck cannot be negative')
  const kind = check.Test?.[0]
  if (kind !== undefined && !['', 'NONE', 'CMD', 'CMD-SHELL'].includes(kind)) {
    throw invalid(`Unknown healthcheck type "${kind}" (expected 'CMD') in container config`)
  }
}

function validatePorts(config: ContainerConfig, host: HostConfig): void {
  for (const port of Object.keys(config.ExposedPorts ?? {})) parsePort(port)
  for (const [port, bindings] of Object.entries(host.PortBindings ?? {})) {
    parsePort(port)
    for (const { HostPort = '', HostIp = '' } of bindings ?? []) {
      if (HostPort !== '') parsePort(HostPort)
      if (HostIp !== '' && isIP(HostIp) === 0) throw invalid(`invalid IP address: ${HostIp}`)
    }
  }
}

/**
 * Throws InvalidParameter, in Docker's words, for a policy that there is not, one whose count makes no sense, and one
 * beside `--rm`.
 */
export function validateRestartPolicy(host: HostConfig): void {
  const { Name: name = '', MaximumRetryCount: retries = 0 } = host.RestartPolicy ?? {}
  if (!['', 'no', 'always', 'unless-stopped', 'on-failure'].includes(name)) {
    throw invalid(`invalid restart policy '${name}'`)
  }
  if (retries < 0) throw invalid('maximum retry count cannot be negative')
  if (retries > 0 && name !== 'on-failure') {
    throw invalid(`maximum retry count cannot be used with restart policy '${name}'`)
  }
  if (host.AutoRemove && name !== '' && name !== 'no') {
    throw invalid("can't create 'AutoRemove' container with restart policy")
  }
}

/** `name:address`; `host-gateway` stands for the host's address. Throws InvalidParameter. */
export function validateExtraHost(entry: string): void {
  const [, name, address] = /^([^:=]*)[:=](.*)$/.exec(entry) ?? []
  if (!name || address === undefined) throw invalid(`bad format for add-host: ${JSON.stringify(entry)}`)
  const bare = address.replace(/^\[(.*)\]$/, '$1')
  if (bare !== 'host-gateway' && isIP(bare) === 0) {
    throw invalid(`invalid IP address in add-host: ${JSON.stringify(address)}`)
  }
}
