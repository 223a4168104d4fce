import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { bunProgram } from '../../client/testing.ts'

/** Writes lines of a kilobyte, then ends; exits with 9 and says why when they cannot be written. */
const program = `
  const [, , module, lines] = process.argv
  const { StandardOutput } = await import(module)
  const failed = (error) => { console.error(error.code); process.exit(9) }
  const stdout = new StandardOutput(1, failed)
  for (let line = 0; line < Number(lines); line++)
    if (!stdout.write(String(line).padEnd(1023, '.') + '\\n')) await stdout.drained()
  stdout.write('end\\n')
  await stdout.end()
  process.exit(0)`

const size = (lines: number): number => lines * 1024 + 4

interface Started {
  child: ChildProcess
  /** What was said on stderr when the process has ended. */
  over: Promise<{ code: number | null; said: string }>
}

function start(t: TestContext, runtime: string, lines: number, stdout: 'pipe' | number): Started {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-output-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const script = join(folder, 'script.mjs')
  writeFileSync(script, program)
  const module = join(import.meta.dirname, 'standard-output.ts')
  const child = spawn(runtime, [script, module, String(lines)], { stdio: ['ignore', stdout, 'pipe'] })
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000)
  let said = ''
  child.stderr?.on('data', (bytes: Buffer) => {
    said += bytes
  })
  const over = once(child, 'close').then(([code]) => {
    clearTimeout(timer)
    return { code: code as number | null, said: said.trim() }
  })
  return { child, over }
}

for (const runtime of [process.execPath, bunProgram]) {
  const name = runtime?.endsWith('bun') ? 'Bun' : 'Node.js'
  const options = { skip: !runtime }

  for (const lines of [0, 5000]) {
    test(`${name}: a slow reader gets ${lines} lines whole`, options, async (t) => {
      const { child, over } = start(t, runtime ?? '', lines, 'pipe')
      let length = 0
      for await (const bytes of child.stdout ?? []) {
        length += (bytes as Buffer).length
        await sleep(1)
      }
      assert.deepEqual(await over, { code: 0, said: '' })
      assert.equal(length, size(lines))
    })
  }

  test(`${name}: what is written goes behind what is in a file`, options, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'gantry-output-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'file')
    writeFileSync(path, 'before\n')
    const file = openSync(path, 'a')
    for (const lines of [1, 2, 4, 20, 0])
      assert.equal((await start(t, runtime ?? '', lines, file).over).code, 0)
    closeSync(file)
    const text = readFileSync(path, 'utf8')
    assert.equal(text.length, 'before\n'.length + size(1) + size(2) + size(4) + size(20) + size(0))
    assert.ok(/^before\n0[\w.\n]*end\nend\n$/.test(text), JSON.stringify(text))
  })

  test(`${name}: what cannot be written is told`, options, async (t) => {
    const full = openSync('/dev/full', 'w')
    t.after(() => closeSync(full))
    assert.deepEqual(await start(t, runtime ?? '', 0, full).over, { code: 9, said: 'ENOSPC' })
    const { child, over } = start(t, runtime ?? '', 5000, 'pipe')
    child.stdout?.destroy()
    assert.deepEqual(await over, { code: 9, said: 'EPIPE' })
  })
}
