import { join } from 'node:path'
import { AppArmor, type ContainerContexts, containerContexts, type SpecHostFacts } from '@gantry/engine'
import { GantryError, messageOf } from '@gantry/errors'
import type { DaemonConfig } from '../config/config.ts'
import type { Logger } from '../log.ts'

/**
 * AppArmor with the default profile loaded; null where it is off. Where the profile cannot be loaded the log says why,
 * and containers that need it will not start.
 */
export async function openAppArmor(config: DaemonConfig, log: Logger): Promise<AppArmor | null> {
  const apparmor = await AppArmor.open({ stamp: join(config.execRoot, 'apparmor-profile') })
  await apparmor?.ensureDefault().catch((error) => log.error(messageOf(error)))
  return apparmor
}

/**
 * `--selinux-enabled`: what containers are labelled with. Null without the flag, and on a host without SELinux, where the
 * log says so, as with Docker. Throws Unavailable where the policy knows no containers: then nothing would hold.
 */
export async function openSelinux(
  config: DaemonConfig,
  host: SpecHostFacts,
  log: Logger,
): Promise<ContainerContexts | null> {
  if (!config.isolation.selinux) return null
  if (!host.selinux) {
    log.warn('Gantry could not enable SELinux on the host system')
    return null
  }
  const contexts = await containerContexts()
  if (contexts) return contexts
  throw new GantryError(
    'Unavailable',
    '--selinux-enabled: the policy of this host has no contexts/lxc_contexts: install container-selinux, or start without the flag',
  )
}
