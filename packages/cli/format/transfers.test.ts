import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Output } from '../framework/command.ts'
import type { JsonMessage } from './json-messages.ts'
import { showTransfer } from './transfers.ts'

async function shown(messages: JsonMessage[], { quiet = false, isTTY = false } = {}): Promise<string> {
  let text = ''
  const write = (data: string | Uint8Array) => {
    text += data
    return true
  }
  const output: Output = { isTTY, columns: 80, rows: 24, write, drained: async () => {} }
  async function* source() {
    yield* messages
  }
  await showTransfer(source(), { quiet, output })
  return text
}

const moving = { id: 'a', status: 'Downloading', progressDetail: { current: 1000, total: 2000 } }
const ended = { status: 'Status: done' }

test('a transfer is shown as the output has it', async () => {
  assert.equal(await shown([moving, ended], { quiet: true }), '')
  assert.equal(await shown([moving, ended]), 'Status: done\n')
  assert.match(await shown([moving, ended], { isTTY: true }), /^a: Downloading .*1kB\/2kB\nStatus: done\n$/)
})

test('the error of a transfer is thrown, also of one that is not shown', async () => {
  for (const quiet of [true, false]) {
    await assert.rejects(shown([ended, { error: 'short', errorDetail: { message: 'long' } }], { quiet }), {
      message: 'long',
    })
    await assert.rejects(shown([{ error: 'short' }], { quiet }), { message: 'short' })
  }
})
