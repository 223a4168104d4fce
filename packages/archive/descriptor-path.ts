/** The path by which /proc leads to an open object. */
export const descriptorPath = (fd: number): string => `/proc/self/fd/${fd}`

/** A path to one name in an open directory, for calls that know no descriptors. */
export function pathOf(directory: number, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${descriptorPath(directory)}/`), name])
}
