import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readConfigFile } from './config-file.ts'

test('a file that cannot be taken for settings says why, in words that a command can warn with', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-config-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'config.json')
  assert.deepEqual(readConfigFile(directory).settings, {})
  mkdirSync(path)
  const message = `Error parsing config file (${path}): read ${path}: is a directory`
  assert.throws(() => readConfigFile(directory), { kind: 'InvalidParameter', message })
  rmSync(path, { recursive: true })
  writeFileSync(path, '{')
  assert.throws(() => readConfigFile(directory), { kind: 'InvalidParameter', message: /^Error parsing / })
  writeFileSync(path, '{"currentContext":"remote"}')
  assert.deepEqual(readConfigFile(directory).settings, { currentContext: 'remote' })
})
