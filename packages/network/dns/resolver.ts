import type { EndpointRecord } from '../contracts.ts'
import {
  type Answer,
  buildResponse,
  parseQuery,
  type Query,
  RecordType,
  ResponseCode,
  reverseAddress,
} from './message.ts'
import type { NameDirectory, NamedEndpoint } from './names.ts'

export type Transport = 'udp' | 'tcp'

/** Asks the resolvers outside. Rejects when none answers. */
export interface Upstream {
  forward(message: Buffer, transport: Transport): Promise<Buffer>
}

/** Whose questions are answered. */
export interface Client {
  /** Its endpoints on user-defined networks, as they are now. */
  endpoints(): readonly NamedEndpoint[]
  /** Whether it is on a network that leads outside: if not, no question leaves the host. */
  reachesOutside(): boolean
}

const classInternet = 1
const opcodeQuery = 0
/** Bytes of a UDP answer that every client takes. */
const udpLimit = 512
const tcpLimit = 65535

/** Answers the questions of one container: names of its networks from the directory, the rest from outside. */
export class Resolver {
  readonly #names: NameDirectory
  readonly #client: Client
  readonly #upstream: Upstream

  constructor(names: NameDirectory, client: Client, upstream: Upstream) {
    this.#names = names
    this.#client = client
    this.#upstream = upstream
  }

  /** The answer to a message, or undefined for what deserves none. */
  async answer(message: Buffer, transport: Transport): Promise<Buffer | undefined> {
    const query = parseQuery(message)
    if (!query) return undefined
    const reply = (code: number, answers: Answer[] = []) =>
      buildResponse(message, query, code, answers, transport === 'udp' ? udpLimit : tcpLimit)
    if (query.opcode !== opcodeQuery) return reply(ResponseCode.notImplemented)
    const known = this.#lookUp(query)
    if (known) return reply(ResponseCode.ok, known)
    if (!this.#client.reachesOutside()) return reply(ResponseCode.refused)
    try {
      return await this.#upstream.forward(message, transport)
    } catch {
      return reply(ResponseCode.serverFailure)
    }
  }

  /** Answers to a question about a name of ours (none, when it has no record of that type); undefined for other names. */
  #lookUp({ question }: Query): Answer[] | undefined {
    if (question.class !== classInternet) return undefined
    const own = this.#client.endpoints()
    const address = reverseAddress(question.name)
    if (address !== undefined) {
      const name = this.#names.reverse(own, address)
      if (!name) return undefined
      return question.type === RecordType.PTR ? [{ type: RecordType.PTR, value: name }] : []
    }
    const found = this.#names.find(own, question.name)
    return found.length > 0 ? addressAnswers(found, question.type) : undefined
  }
}

/** A name of several containers is answered in a different order each time: a simple balance between them. */
function addressAnswers(endpoints: EndpointRecord[], type: number): Answer[] {
  const family = type === RecordType.A ? 'ipv4' : type === RecordType.AAAA ? 'ipv6' : undefined
  if (!family) return []
  const answers = endpoints.flatMap((endpoint) => {
    const assigned = endpoint[family]
    return assigned ? [{ type, value: assigned.address }] : []
  })
  const first = Math.floor(Math.random() * answers.length)
  return [...answers.slice(first), ...answers.slice(0, first)]
}
