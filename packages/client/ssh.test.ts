import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { connectSsh } from './ssh.ts'

/** Puts a shell script in the place of ssh. */
function fakeSsh(t: TestContext, script: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-ssh-'))
  const path = process.env.PATH
  writeFileSync(join(folder, 'ssh'), `#!/bin/sh\n${script}\n`)
  chmodSync(join(folder, 'ssh'), 0o755)
  process.env.PATH = `${folder}:${path}`
  t.after(() => {
    process.env.PATH = path
    rmSync(folder, { recursive: true })
  })
}

const endpoint = { kind: 'ssh', host: 'ssh://me@box:22', destination: 'box', user: 'me', port: 22 } as const

test('the remote side reads what is written, to its end, and answers', async (t) => {
  fakeSsh(t, 'echo "$8 $9"; tr a-z A-Z')
  const stream = await connectSsh(endpoint)
  stream.write('hel')
  stream.end('lo')
  let text = ''
  for await (const bytes of stream) text += bytes
  assert.match(text, /^-- box\nHELLO$/)
})

test('what ssh complains of is told', async (t) => {
  fakeSsh(t, 'echo "connection refused" >&2; exit 255')
  const stream = await connectSsh(endpoint)
  await assert.rejects(stream.toArray(), /exited with exit status 255, .*stderr=connection refused/)
})
