import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { ApiError } from '@gantry/client'
import type { CommandContext, Flags } from '../framework/command.ts'
import { openContext } from './context-archive.ts'
import { answersTo, type SentInput, sendInput } from './send-input.ts'
import { NoSmallContext } from './small-context.ts'

const refusal = new ApiError(400, 'remoteURL (client-files) could not be recognized as URL')

test('what is not small, and what an engine does not know in one piece, is asked for again in a session', {
  timeout: 30_000,
}, async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'gantry-input-'))
  t.after(() => rm(root, { recursive: true, force: true }))
  await writeFile(join(root, 'Dockerfile'), 'FROM scratch\n')
  let stream = new PassThrough()
  const hijack = async () => {
    stream = new PassThrough()
    return { stream }
  }
  const context = { client: { hijack }, env: {} } as unknown as CommandContext
  const flags = { list: () => [] } as unknown as Flags
  const build = await openContext(root, '', () => assert.fail())
  const run = async (ask: (sent: SentInput) => AsyncIterable<string>): Promise<string[]> => {
    await using sent = await sendInput(context, build, flags, new Map())
    return await Array.fromAsync(answersTo(sent, ask))
  }

  const asked: (string | undefined)[] = []
  const answers = await run(async function* ({ query }) {
    asked.push(query.remote)
    if (query.remote === 'client-files') throw refusal
    yield query.session === undefined ? 'no session' : 'built'
  })
  assert.deepEqual([asked, answers], [['client-files', 'client-session'], ['built']])
  assert.ok(stream.destroyed)

  asked.length = 0
  const large = await run(async function* ({ query }) {
    asked.push(query.remote)
    if (query.remote === 'client-files') throw new NoSmallContext()
    yield 'built'
  })
  assert.deepEqual([asked, large], [['client-files', 'client-session'], ['built']])

  const failed = new ApiError(400, 'dockerfile parse error')
  let times = 0
  const failing = run(async function* () {
    times++
    yield 'begun'
    throw failed
  })
  await assert.rejects(failing, failed)
  assert.equal(times, 1)
})
