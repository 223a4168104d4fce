import { join } from 'node:path'
import { AppArmor, type SpecHostFacts } from '@gantry/engine'
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
 * `--selinux-enabled`: on a host without SELinux it says nothing, as with Docker. Throws Unavailable where it would have to
 * hold: containers get the labels that they ask for, but none of their own.
 */
export function checkSelinux(config: DaemonConfig, host: SpecHostFacts, log: Logger): void {
  if (!config.isolation.selinux) return
  if (!host.selinux) {
    log.warn('Gantry could not enable SELinux on the host system')
    return
  }
  const advice = 'labels that containers ask for (--security-opt label=…) work without it'
  throw new GantryError(
    'Unavailable',
    `--selinux-enabled is not available in this version of Gantry on a host with SELinux: ${advice}`,
  )
}
