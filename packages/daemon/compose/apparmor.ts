import { join } from 'node:path'
import { AppArmor } from '@gantry/engine'
import { messageOf } from '@gantry/errors'
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
