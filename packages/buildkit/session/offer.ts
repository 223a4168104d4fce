/** What a command line offers in its session. */
import type { Duplex } from 'node:stream'
import { GantryError } from '@gantry/errors'
import { fileSync } from '../files/packet.ts'
import { type FileSource, sendTree } from '../files/send.ts'
import { drained } from '../grpc/drained.ts'
import { type Incoming, type Service, streaming, unary } from '../grpc/server.ts'
import { type FilesRequest, filesRequest } from './files-request.ts'
import {
  agentHeader,
  checkAgent,
  credentials,
  forwardAgent,
  getSecret,
  healthCheck,
  serving,
} from './methods.ts'

export interface Offer {
  /** Opens what is asked for of a directory. Throws NotFound for a name that is not offered. */
  files?(request: FilesRequest): FileSource | Promise<FileSource>
  /** Null when there is none of that name. */
  secret?(id: string): Promise<Uint8Array | null>
  /** Opens connections to an ssh agent; null when there is none of that name. */
  agent?(id: string): (() => Duplex) | null
  credentials?(host: string): Promise<{ username: string; secret: string }>
}

/** The services of an offer, for `serve`. */
export function servicesOf(offer: Offer): Service[] {
  const { files, secret, agent } = offer
  return [
    unary(healthCheck, async () => ({ status: serving })),
    ...(files
      ? [
          streaming(fileSync, async (call) => {
            await sendTree(call, await files(filesRequest(call.metadata)))
          }),
        ]
      : []),
    ...(secret ? [unary(getSecret, ({ id = '' }) => secretOf(secret, id))] : []),
    ...(agent ? agentServices(agent) : []),
    ...(offer.credentials
      ? [unary(credentials, async ({ host = '' }) => (await offer.credentials?.(host)) ?? {})]
      : []),
  ]
}

async function secretOf(secret: NonNullable<Offer['secret']>, id: string): Promise<{ data: Uint8Array }> {
  const data = await secret(id)
  if (data === null) throw new GantryError('NotFound', `secret ${id} not found`)
  return { data }
}

function agentServices(agent: NonNullable<Offer['agent']>): Service[] {
  const connect = (id: string): (() => Duplex) => {
    const found = agent(id || 'default')
    if (found === null) throw new GantryError('NotFound', `unset ssh forward key ${id || 'default'}`)
    return found
  }
  return [
    unary(checkAgent, async ({ id = '' }) => {
      connect(id)
      return {}
    }),
    streaming(forwardAgent, (call) => forward(call, connect(call.metadata(agentHeader)[0] ?? '')())),
  ]
}

type Bytes = { data: Uint8Array }

async function forward(call: Incoming<Bytes, Bytes>, socket: Duplex): Promise<void> {
  call.signal.addEventListener('abort', () => socket.destroy(), { once: true })
  const there = async (): Promise<void> => {
    for await (const { data } of call.messages()) if (!socket.write(data)) await drained(socket)
    socket.end()
  }
  const back = async (): Promise<void> => {
    for await (const data of socket) await call.send({ data: data as Buffer })
  }
  try {
    // The agent's end is the end; what the caller still sends then goes nowhere.
    const writing = there()
    writing.catch(() => socket.destroy())
    await back()
  } finally {
    socket.destroy()
  }
}
