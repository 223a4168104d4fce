import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildResponse, parseQuery, RecordType, reverseAddress } from './message.ts'

const header = '123401000001000000000000'
const query = (question: string) => Buffer.from(header + question, 'hex')
/** `Db.` A IN */
const db = query('0244620000010001')

test('a question', () => {
  assert.deepEqual(parseQuery(db), {
    id: 0x1234,
    opcode: 0,
    question: { name: 'db', type: 1, class: 1 },
    end: 20,
  })
})

for (const [what, message] of [
  ['nothing', Buffer.alloc(0)],
  ['a header only', Buffer.from(header, 'hex')],
  ['a name without an end', query('0264')],
  ['a label beyond the message', query('3f646200')],
  ['a compression pointer', query('c00c00010001')],
  ['no type', query('02646200')],
  ['a name of 300 bytes', query(`${'3f'.padEnd(128, '61').repeat(5)}0000010001`)],
  ['a response', Buffer.from('123481000001000000000000026462000001', 'hex')],
  ['two questions', Buffer.from('1234010000020000000000000264620000010001', 'hex')],
] as const)
  test(`no question: ${what}`, () => assert.equal(parseQuery(message), undefined))

test('an answer repeats the question as it was written', () => {
  const parsed = parseQuery(db)
  assert.ok(parsed)
  const response = buildResponse(db, parsed, 0, [{ type: RecordType.A, value: '10.0.0.2' }], 512)
  assert.equal(
    response.toString('hex'),
    `1234818000010001000000000244620000010001c00c00010001000002580004${'0a000002'}`,
  )
})

test('what does not fit is cut and said to be', () => {
  const parsed = parseQuery(db)
  assert.ok(parsed)
  const answers = Array.from({ length: 100 }, () => ({ type: RecordType.A, value: '10.0.0.2' }))
  const response = buildResponse(db, parsed, 0, answers, 512)
  assert.ok(response.length <= 512)
  assert.ok(response.readUInt16BE(2) & 0x0200)
  assert.equal(response.readUInt16BE(6), Math.floor((512 - 20) / 16))
})

test('reverse names', () => {
  assert.equal(reverseAddress('3.0.18.172.in-addr.arpa'), '172.18.0.3')
  assert.equal(
    reverseAddress(`2.${'0.'.repeat(23)}1.0.0.0.0.0.d.f.ip6.arpa`),
    'fd00:0001:0000:0000:0000:0000:0000:0002',
  )
  assert.equal(reverseAddress('18.172.in-addr.arpa'), undefined)
  assert.equal(reverseAddress('example'), undefined)
})
