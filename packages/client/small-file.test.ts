import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { bunProgram } from './testing.ts'

const program = `
  const { isThere, readSmallFile } = await import(process.argv[2])
  const read = (path) => { try { return readSmallFile(path) } catch (error) { return { code: error.code } } }
  console.log(JSON.stringify(process.argv.slice(3).map((path) => [isThere(path), read(path)])))`

for (const runtime of [process.execPath, bunProgram]) {
  test(`small files are read by ${runtime?.endsWith('bun') ? 'Bun' : 'Node.js'}`, { skip: !runtime }, (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'gantry-small-file-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const script = join(folder, 'script.mjs')
    writeFileSync(script, program)
    writeFileSync(join(folder, 'full'), '{"ü":1}\n')
    writeFileSync(join(folder, 'empty'), '')
    const paths = ['full', 'empty', 'missing', 'full/below', '.'].map((name) => join(folder, name))
    const module = join(import.meta.dirname, 'small-file.ts')
    const said = execFileSync(runtime ?? '', [script, module, ...paths], {
      encoding: 'utf8',
      timeout: 60_000,
    })
    assert.deepEqual(JSON.parse(said), [
      [true, '{"ü":1}\n'],
      [true, ''],
      [false, { code: 'ENOENT' }],
      [false, { code: 'ENOTDIR' }],
      [true, { code: 'EISDIR' }],
    ])
  })
}
