import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type JsonMessage, showMessages } from './json-messages.ts'

async function shown(columns: number, ...messages: JsonMessage[]): Promise<string[]> {
  let text = ''
  const write = (piece: string | Uint8Array) => {
    text += piece
    return true
  }
  const output = { isTTY: true, columns, write } as unknown as Parameters<typeof showMessages>[1]
  await showMessages(
    (async function* () {
      yield* messages
    })(),
    output,
  )
  return text.split('\n').slice(0, -1)
}

const downloading: JsonMessage = {
  id: '0123456789ab',
  status: 'Downloading',
  progressDetail: { current: 10_000_000, total: 40_000_000 },
  rate: '3MB/s',
}

test('a bar is as long as the terminal has room for, and a line no longer than the terminal', async () => {
  const [wide] = await shown(200, downloading)
  assert.equal(wide, `0123456789ab: Downloading [${'='.repeat(12)}>${' '.repeat(37)}]  10MB/40MB  3MB/s`)
  const [usual = ''] = await shown(80, downloading)
  assert.equal(usual.length, 80)
  assert.match(usual, /^0123456789ab: Downloading \[=+> +\] {2}10MB\/40MB {2}3MB\/s$/)
  assert.deepEqual(await shown(50, downloading), ['0123456789ab: Downloading 10MB/40MB  3MB/s'])
  assert.deepEqual(await shown(30, downloading), ['0123456789ab: Downloading 10MB'])
  // A terminal of unknown width.
  assert.deepEqual(await shown(0, downloading), ['0123456789ab: Downloading 10MB/40MB  3MB/s'])
})

test('a bar of more than all is full, and counts may be hidden', async () => {
  const [over] = await shown(200, { ...downloading, progressDetail: { current: 3000, total: 1000 } })
  assert.equal(over, `0123456789ab: Downloading [${'='.repeat(50)}]  3kB  3MB/s`)
  const hidden = { ...downloading, progressDetail: { current: 1, total: 2, hidecounts: true } }
  assert.match((await shown(200, hidden))[0] ?? '', /^0123456789ab: Downloading \[=+> +\] {4}3MB\/s$/)
})
