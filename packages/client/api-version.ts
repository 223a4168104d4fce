/** The newest version of the Engine API that this client speaks. */
export const newestVersion = '1.55'

/** Orders `1.9` before `1.41`. */
export function compareVersions(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number)
  const [majorB = 0, minorB = 0] = b.split('.').map(Number)
  return majorA - majorB || minorA - minorB
}

/** The version an engine offers in place of a newer one that it refused with this message. */
export function offeredVersion(message: string): string | undefined {
  return /client version \S+ is too new\. Maximum supported API version is (\d+\.\d+)/.exec(message)?.[1]
}
