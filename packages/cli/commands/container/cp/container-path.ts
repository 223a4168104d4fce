/** What paths in containers name. */

import { posix } from 'node:path'
import type { Client } from '@gantry/client'
import { keepEnd, splitPath } from './paths.ts'

/** The bits of Go's os.FileMode for types. */
const Mode = { directory: 2 ** 31, link: 2 ** 27, device: 2 ** 26, irregular: 2 ** 19 } as const

export interface ContainerPath {
  mode: number
  linkTarget: string
}

/** Whether a bit of Go's `os.FileMode` is set. By division: the highest bits do not fit into a 32-bit operation. */
export const hasMode = ({ mode }: Pick<ContainerPath, 'mode'>, bit: keyof typeof Mode): boolean =>
  Math.floor(mode / Mode[bit]) % 2 === 1

/** Rejects with ApiError, NotFound for a path that names nothing. */
export async function statInContainer(client: Client, id: string, path: string): Promise<ContainerPath> {
  const { headers, body } = await client.response('ContainerArchiveInfo', { path: { id }, query: { path } })
  body.resume()
  return statOf(headers)
}

/** What the answer's header tells of the path. */
export function statOf(headers: Readonly<Record<string, string>>): ContainerPath {
  const text = Buffer.from(headers['x-docker-container-path-stat'] ?? '', 'base64').toString('utf8')
  try {
    const { mode, linkTarget } = JSON.parse(text) as Partial<ContainerPath>
    return { mode: mode ?? 0, linkTarget: linkTarget ?? '' }
  } catch (error) {
    throw new Error('unable to decode container path stat header', { cause: error })
  }
}

/** The path that a link leads to; a relative target begins at the link's parent. */
export function linkTargetOf(path: string, { linkTarget }: ContainerPath): string {
  return posix.isAbsolute(linkTarget) ? linkTarget : posix.join(splitPath(path).parent, linkTarget)
}

/** The path and name for a link that is to be followed: the copy bears the name that the user wrote. */
export function followedLink(path: string, stat: ContainerPath): { path: string; name?: string } {
  const target = keepEnd(linkTargetOf(path, stat), path)
  const name = posix.basename(path)
  return { path: target, ...(name !== posix.basename(target) && { name }) }
}
