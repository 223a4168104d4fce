import { readFile } from 'node:fs/promises'
import { type DnsOptions, parseResolvConf, systemdResolvConf, usesLocalStub } from '@gantry/network'
import type { DaemonConfig } from '../config/config.ts'

/** The resolvers of containers that name none: those of the configuration, else the host's, without its local stub. */
export async function containerDns(configured: DaemonConfig['dns']): Promise<DnsOptions> {
  const host = await hostDns()
  const own = configured.servers.length > 0
  return {
    servers: own ? configured.servers : host.servers,
    ...(own ? {} : { hostServers: true }),
    search: configured.search.length > 0 ? configured.search : host.search,
    options: configured.options.length > 0 ? configured.options : host.options,
  }
}

async function hostDns(): Promise<DnsOptions> {
  const dns = parseResolvConf(await readFile('/etc/resolv.conf', 'utf8').catch(() => ''))
  if (!usesLocalStub(dns)) return dns
  return parseResolvConf(await readFile(systemdResolvConf, 'utf8').catch(() => ''))
}
