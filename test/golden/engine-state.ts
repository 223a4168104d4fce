/** Brings an engine to the state in which the recordings began: busybox, and nothing else. */
import { request } from 'node:http'
import { busyboxRootfs } from '../e2e/images.ts'

interface Answer {
  status: number
  text: string
}

/** One exchange over a unix socket. */
export function exchange(
  socket: string,
  method: string,
  path: string,
  body?: string | Buffer,
  headers: Record<string, string> = {},
): Promise<Answer & { headers: Record<string, unknown>; bytes: Buffer }> {
  return new Promise((resolve, reject) => {
    const message = request({ socketPath: socket, method, path, headers, agent: false }, async (answer) => {
      const parts: Buffer[] = []
      try {
        for await (const part of answer) parts.push(part as Buffer)
      } catch (error) {
        reject(error)
        return
      }
      const bytes = Buffer.concat(parts)
      resolve({ status: answer.statusCode ?? 0, text: bytes.toString(), bytes, headers: answer.headers })
    })
    message.on('error', reject)
    message.setTimeout(120_000, () => message.destroy(new Error(`${method} ${path}: no answer`)))
    message.end(body)
  })
}

/** The recordings' busybox:latest: one layer, a command and a PATH. */
export async function importBusybox(socket: string): Promise<void> {
  const query = new URLSearchParams({ fromSrc: '-', repo: 'busybox', tag: 'latest' })
  query.append('changes', 'CMD ["sh"]')
  query.append('changes', 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin')
  const answer = await exchange(socket, 'POST', `/images/create?${query}`, await busyboxRootfs(), {
    'Content-Type': 'application/x-tar',
  })
  if (answer.status !== 200 || answer.text.includes('errorDetail'))
    throw new Error(`import failed: ${answer.text}`)
}

/** Removes every object but busybox:latest and the predefined networks. */
export async function resetEngine(socket: string): Promise<void> {
  const get = async <T>(path: string): Promise<T> =>
    JSON.parse((await exchange(socket, 'GET', path)).text) as T
  await exchange(socket, 'POST', '/swarm/leave?force=1')
  const containers = await get<{ Id: string }[]>('/containers/json?all=1')
  await Promise.all(containers.map(({ Id }) => removeContainer(socket, Id)))
  const { Volumes } = await get<{ Volumes: { Name: string }[] | null }>('/volumes')
  for (const { Name } of Volumes ?? []) await exchange(socket, 'DELETE', `/volumes/${Name}?force=1`)
  const networks = await get<{ Id: string; Name: string }[]>('/networks')
  for (const { Id, Name } of networks) {
    if (!['bridge', 'host', 'none'].includes(Name)) await exchange(socket, 'DELETE', `/networks/${Id}`)
  }
  await removeImages(socket, get)
  await exchange(socket, 'POST', '/build/prune?all=1')
}

/** A container that stays would answer to its name in the next scenario. */
async function removeContainer(socket: string, id: string): Promise<void> {
  const { status, text } = await exchange(socket, 'DELETE', `/containers/${id}?force=1&v=1`)
  if (status !== 204 && status !== 404) throw new Error(`container ${id} stays: ${status} ${text}`)
}

async function removeImages(socket: string, get: <T>(path: string) => Promise<T>): Promise<void> {
  type Image = { Id: string; RepoTags: string[] | null; RepoDigests: string[] | null }
  // Children first: an image with children cannot go.
  for (let round = 0; round < 5; round++) {
    const images = await get<Image[]>('/images/json?all=1')
    const others = images.filter(({ RepoTags: tags }) => !tags?.includes('busybox:latest'))
    const extra = images.flatMap(({ RepoTags: tags }) => tags ?? []).filter((tag) => tag !== 'busybox:latest')
    if (others.length === 0 && extra.length === 0) return
    for (const tag of extra) {
      if (tag !== '<none>:<none>') await exchange(socket, 'DELETE', `/images/${tag}?force=1`)
    }
    for (const { Id } of others) await exchange(socket, 'DELETE', `/images/${Id}?force=1`)
  }
}

/** The first three numbers of the default bridge's addresses: `172.17.0.`. */
export async function bridgeAddresses(socket: string): Promise<string> {
  const { text } = await exchange(socket, 'GET', '/networks/bridge')
  const { IPAM } = JSON.parse(text) as { IPAM: { Config: { Subnet: string; Gateway?: string }[] } }
  const [range] = IPAM.Config
  return (range?.Gateway ?? range?.Subnet ?? '172.17.0.1').replace(/\d+(?:\/\d+)?$/, '')
}
