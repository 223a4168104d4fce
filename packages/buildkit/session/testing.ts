import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'

/** Both ends of a connection: of the client, and of who accepted it. */
export async function sockets(t: TestContext): Promise<[Socket, Socket]> {
  const directory = await mkdtemp('/tmp/gantry-session-test-')
  t.after(() => rm(directory, { recursive: true, force: true }))
  const server = createServer().listen(`${directory}/s`)
  await once(server, 'listening')
  const client = connect(`${directory}/s`)
  const [accepted] = (await once(server, 'connection')) as [Socket]
  server.close()
  t.after(() => client.destroy())
  return [client, accepted]
}
