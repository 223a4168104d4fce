/** DNS messages (RFC 1035): as much as a resolver needs that answers for a few names and passes on the rest. */
import { ipBytes } from '@gantry/syscall'

export const RecordType = { A: 1, PTR: 12, AAAA: 28, ANY: 255 } as const
export const ResponseCode = { ok: 0, serverFailure: 2, nameError: 3, notImplemented: 4, refused: 5 } as const

const headerLength = 12
const responseFlag = 0x8000
const opcodeMask = 0x7800
const truncatedFlag = 0x0200
const recursionDesired = 0x0100
const recursionAvailable = 0x0080
const classInternet = 1
/** Seconds, as Docker's. */
const timeToLive = 600

/** The one question of a query. */
export interface Question {
  /** Lower case, without the final dot. */
  name: string
  type: number
  class: number
}

export interface Query {
  id: number
  opcode: number
  question: Question
  /** Where the question section ends, in bytes of the message. */
  end: number
}

/** One answer: an address for A and AAAA, a name for PTR. */
export interface Answer {
  type: number
  value: string
}

/** Reads a query; undefined for what is none, is cut short, or does not have exactly one question. */
export function parseQuery(message: Buffer): Query | undefined {
  if (message.length < headerLength) return undefined
  const flags = message.readUInt16BE(2)
  if (flags & responseFlag || message.readUInt16BE(4) !== 1) return undefined
  const name = readName(message, headerLength)
  if (!name || name.end + 4 > message.length) return undefined
  return {
    id: message.readUInt16BE(0),
    opcode: (flags & opcodeMask) >> 11,
    question: {
      name: name.text.toLowerCase(),
      type: message.readUInt16BE(name.end),
      class: message.readUInt16BE(name.end + 2),
    },
    end: name.end + 4,
  }
}

/** A question has its name spelled out: compression pointers have nothing to point to yet. */
function readName(message: Buffer, start: number): { text: string; end: number } | undefined {
  const labels: string[] = []
  for (let offset = start; offset < message.length; ) {
    const length = message.readUInt8(offset)
    if (length === 0) return offset - start > 254 ? undefined : { text: labels.join('.'), end: offset + 1 }
    if (length > 63 || offset + 1 + length > message.length) return undefined
    labels.push(message.toString('latin1', offset + 1, offset + 1 + length))
    offset += 1 + length
  }
  return undefined
}

/** The response to `query` (its bytes) with these answers, at most `limit` bytes: beyond it comes the truncation flag. */
export function buildResponse(
  message: Buffer,
  query: Query,
  code: number,
  answers: readonly Answer[],
  limit: number,
): Buffer {
  const question = message.subarray(headerLength, query.end)
  const records = answers.map(encodeAnswer)
  let length = headerLength + question.length
  const fitting = records.filter((record) => {
    length += record.length
    return length <= limit
  })
  const header = Buffer.alloc(headerLength)
  header.writeUInt16BE(query.id, 0)
  const asked = message.readUInt16BE(2) & (opcodeMask | recursionDesired)
  const truncated = fitting.length < records.length ? truncatedFlag : 0
  header.writeUInt16BE(responseFlag | asked | recursionAvailable | truncated | code, 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(fitting.length, 6)
  return Buffer.concat([header, question, ...fitting])
}

function encodeAnswer({ type, value }: Answer): Buffer {
  const data = type === RecordType.PTR ? encodeName(value) : ipBytes(value)
  const record = Buffer.alloc(12 + data.length)
  record.writeUInt16BE(0xc000 | headerLength, 0) // the name of the question
  record.writeUInt16BE(type, 2)
  record.writeUInt16BE(classInternet, 4)
  record.writeUInt32BE(timeToLive, 6)
  record.writeUInt16BE(data.length, 10)
  record.set(data, 12)
  return record
}

function encodeName(name: string): Buffer {
  const labels = name.split('.').map((label) => {
    const bytes = Buffer.from(label, 'latin1').subarray(0, 63)
    return Buffer.concat([Buffer.of(bytes.length), bytes])
  })
  return Buffer.concat([...labels, Buffer.of(0)])
}

/** The address that a name below `in-addr.arpa` or `ip6.arpa` asks for; undefined for other names. */
export function reverseAddress(name: string): string | undefined {
  const four = /^((?:\d{1,3}\.){4})in-addr\.arpa$/.exec(name)?.[1]
  if (four) return four.slice(0, -1).split('.').reverse().join('.')
  const six = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name)?.[1]
  if (!six) return undefined
  const digits = six.slice(0, -1).split('.').reverse().join('')
  return digits.match(/.{4}/g)?.join(':')
}
