/** `--ssh`: the agents that a build may use, and the files of private keys that take the place of one. */
import { open, stat } from 'node:fs/promises'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { messageOf } from '@gantry/errors'

/** Opens a connection to an agent. */
export type ConnectAgent = () => Duplex

/** Bytes of a file with a private key. */
const largestKey = 100 << 10

/**
 * Agents by their ids, of `default`, `ID=SOCKET` or `ID=KEYFILE,KEYFILE`. Keys are read now. Rejects with Error in
 * buildx's words.
 */
export async function parseAgents(
  texts: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<Map<string, ConnectAgent>> {
  const agents = new Map<string, ConnectAgent>()
  for (const text of texts) {
    const [id = '', places = env.SSH_AUTH_SOCK ?? ''] = text.split(/=(.*)/s)
    if (places === '') throw new Error('invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set')
    if (agents.has(id)) throw new Error(`invalid duplicate ID ${id}`)
    agents.set(id, await agentAt(places.split(',')))
  }
  return agents
}

async function agentAt(paths: readonly string[]): Promise<ConnectAgent> {
  const sockets: string[] = []
  const files: string[] = []
  for (const path of paths) {
    const status = await stat(path).catch((cause) => {
      throw new Error(`failed to parse ssh agent: stat ${path}: no such file or directory`, { cause })
    })
    if (status.isSocket()) sockets.push(path)
    else files.push(path)
  }
  const [socket] = sockets
  if (sockets.length > 1) throw new Error('only single socket allowed')
  if (socket !== undefined && files.length > 0) throw new Error('invalid combination of keys and sockets')
  if (socket !== undefined) return () => connect(socket)
  return await agentOfKeys(files)
}

async function agentOfKeys(files: readonly string[]): Promise<ConnectAgent> {
  const [{ parsePrivateKey }, { PassphraseNeeded }, { connectKeys }] = await Promise.all([
    import('./private-key.ts'),
    import('./openssh-key.ts'),
    import('./key-agent.ts'),
  ])
  const keys = await Promise.all(
    files.map(async (file) => {
      try {
        return parsePrivateKey(await readKey(file))
      } catch (cause) {
        const advice =
          cause instanceof PassphraseNeeded
            ? ': give it to an agent with ssh-add, and the agent to --ssh'
            : ''
        throw new Error(`failed to parse ${file}: ${messageOf(cause)}${advice}`, { cause })
      }
    }),
  )
  return () => connectKeys(keys)
}

async function readKey(path: string): Promise<string> {
  await using file = await open(path)
  const { bytesRead, buffer } = await file.read(Buffer.alloc(largestKey + 1))
  if (bytesRead > largestKey) throw new Error('it is too long for a private key')
  return buffer.toString('latin1', 0, bytesRead)
}
