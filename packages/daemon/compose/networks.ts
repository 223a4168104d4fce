import type { NetworkEventListener, NetworksOptions } from '@gantry/network'
import type { Database } from '@gantry/store'
import type { DaemonConfig } from '../config/config.ts'
import type { Logger } from '../log.ts'

export interface NetworkParts {
  config: DaemonConfig
  /** See `instanceName`. */
  instance: string
  database: Database
  onEvent: NetworkEventListener
  log: Logger
}

/** The networks as the configuration wants them. */
export function networkOptions({ config, instance, database, onEvent, log }: NetworkParts): NetworksOptions {
  return {
    runDir: config.execRoot,
    tables: {
      networks: database.table('networks'),
      endpoints: database.table('endpoints'),
      sandboxes: database.table('sandboxes'),
    },
    defaultBridge: {
      name: config.bridge ?? 'gantry0',
      bip: config.bip,
      mtu: config.mtu,
      interContainer: config.icc,
      hostBindingIPv4: config.defaultBindAddress,
    },
    ...(config.addressPools.length > 0 && { pools: config.addressPools }),
    table: instance,
    userlandProxy: config.userlandProxy,
    log: (message) => log.warn(message),
    onEvent,
  }
}
