/** An ssh agent that has some keys and does nothing but sign with them (draft-ietf-sshm-ssh-agent). */
import { Duplex } from 'node:stream'
import type { AgentKey } from './private-key.ts'
import { SshReader, sshString, uint32 } from './wire.ts'

/** Numbers of messages. */
const Message = { failure: 5, requestIdentities: 11, identities: 12, signRequest: 13, signature: 14 } as const

/** Bytes of a request, as OpenSSH's agent bounds them. */
const largestRequest = 256 << 10

/** One connection to the agent. It ends when the caller's side ends, and with an error when that talks nonsense. */
export function connectKeys(keys: readonly AgentKey[]): Duplex {
  return Duplex.from(async function* (input: AsyncIterable<Uint8Array>) {
    for await (const request of requests(input)) {
      const answer = answerTo(request, keys)
      yield Buffer.concat([uint32(answer.length), answer])
    }
  })
}

async function* requests(input: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let pending: Buffer = Buffer.alloc(0)
  for await (const data of input) {
    pending = Buffer.concat([pending, data])
    while (pending.length >= 4) {
      const length = pending.readUInt32BE()
      if (length > largestRequest) throw new Error('a request to the ssh agent is too long')
      if (pending.length < 4 + length) break
      yield pending.subarray(4, 4 + length)
      pending = pending.subarray(4 + length)
    }
  }
}

function answerTo(request: Buffer, keys: readonly AgentKey[]): Buffer {
  try {
    if (request[0] === Message.requestIdentities) return identities(keys)
    if (request[0] === Message.signRequest) return signature(new SshReader(request.subarray(1)), keys)
  } catch {
    // A request that cannot be read, or a signature that cannot be made, is refused like what is not known.
  }
  return Buffer.of(Message.failure)
}

function identities(keys: readonly AgentKey[]): Buffer {
  const each = keys.flatMap(({ blob }) => [sshString(blob), sshString('')])
  return Buffer.concat([Buffer.of(Message.identities), uint32(keys.length), ...each])
}

function signature(request: SshReader, keys: readonly AgentKey[]): Buffer {
  const [blob, data, flags] = [request.string(), request.string(), request.uint32()]
  const key = keys.find((each) => each.blob.equals(blob))
  if (!key) throw new Error('no such key')
  return Buffer.concat([Buffer.of(Message.signature), sshString(key.sign(data, flags))])
}
