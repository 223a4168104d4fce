import { formatPlatform, type Platform } from '@gantry/oci'

/** Where the files of a platform go when there are several: `linux_arm64/`. */
export const directoryOf = (platform: Platform): string => `${formatPlatform(platform).replaceAll('/', '_')}/`
