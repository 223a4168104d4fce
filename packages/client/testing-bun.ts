/** What the compiled command does with a connection, run by Bun for a test: `bun testing-bun.ts SOCKET SCENARIO`. */
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { EngineClient } from './engine-client.ts'

const [path = '', scenario = ''] = process.argv.slice(2)
const client = new EngineClient({ endpoint: { kind: 'unix', host: `unix://${path}`, path } })

/** Pieces of 1 MiB that are all different. */
async function* pieces(count: number): AsyncGenerator<Buffer> {
  for (let number = 0; number < count; number++) yield Buffer.alloc(1 << 20, number + 1)
}

const scenarios: Record<string, () => Promise<unknown>> = {
  calls: async () => {
    const first = await client.call('SystemInfo')
    // The server closes the connection now and then.
    await sleep(Number(process.argv[4] ?? 0))
    return [first, await client.call('SystemInfo')]
  },
  upload: async () => client.call('ImageLoad', { body: pieces(4) }),
  download: async () => {
    const hash = createHash('sha256')
    let length = 0
    for await (const bytes of await client.download('ImageGetAll')) {
      hash.update(bytes)
      length += bytes.length
      await sleep(1)
    }
    return { length, hash: hash.digest('hex') }
  },
  leave: async () => {
    for await (const bytes of await client.download('ImageGetAll')) return bytes.length > 0
  },
}

try {
  console.log(JSON.stringify(await scenarios[scenario]?.()))
} catch (error) {
  console.log(JSON.stringify({ message: (error as Error).message }))
}
process.exit(0)
