import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GantryError } from '@gantry/errors'
import { statusOf } from '../grpc/status.ts'
import { withSource } from './source-error.ts'

const error = new GantryError('NotFound', 'no ä')
const text = Array.from({ length: 30 }, (_, index) => `RUN ${index + 1}`).join('\n')

test('an error tells the lines that it is about, with those around them', () => {
  const trailers = statusOf(withSource(error, { filename: 'F', text, lines: { first: 3, last: 4 } }))
  assert.equal(trailers['grpc-status'], '5')
  assert.equal(trailers['grpc-message'], 'no %C3%A4')
  const details = Buffer.from(trailers['grpc-status-details-bin'] ?? '', 'base64').toString()
  const { info, ranges } = JSON.parse(details.slice(details.indexOf('{')))
  assert.equal(info.filename, 'F')
  assert.equal(Buffer.from(info.data, 'base64').toString().split('\n').length, 9)
  assert.deepEqual(ranges, [{ start: { line: 3 }, end: { line: 4 } }])
})

test('lines that are too long for the trailers of a call are left out', () => {
  const long = `${'x'.repeat(30_000)}\n${text}`
  const trailers = statusOf(withSource(error, { filename: 'F', text: long, lines: { first: 2, last: 2 } }))
  assert.deepEqual(trailers, statusOf(error))
})
