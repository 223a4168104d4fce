/** Arguments that every build has: TARGETPLATFORM and its kin. */
import { formatPlatform, type Platform } from '@gantry/oci'

/** Values for the global scope, where a stage finds them with `ARG NAME`. `stage` is the target's name. */
export function automaticArguments(host: Platform, target: Platform, stage = 'default'): Map<string, string> {
  const of = (prefix: string, platform: Platform): [string, string][] => [
    [`${prefix}PLATFORM`, formatPlatform(platform)],
    [`${prefix}OS`, platform.os],
    [`${prefix}OSVERSION`, ''],
    [`${prefix}ARCH`, platform.architecture],
    [`${prefix}VARIANT`, platform.variant ?? ''],
  ]
  return new Map([...of('BUILD', host), ...of('TARGET', target), ['TARGETSTAGE', stage]])
}
