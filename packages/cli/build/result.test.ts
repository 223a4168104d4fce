import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { writeMetadata } from './result.ts'

test('what metadata tell of provenance', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-result-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const version02 = {
    builder: { id: 'b' },
    buildConfig: { llbDefinition: [] },
    metadata: { reproducible: true },
  }
  const version1 = {
    buildDefinition: { buildType: 't', internalParameters: { builderPlatform: 'p', buildConfig: {} } },
    runDetails: { builder: { id: 'b' }, metadata: {} },
  }
  const told = (mode?: string): unknown => {
    const path = join(directory, 'metadata.json')
    const summary = { names: ['a', 'b'], provenance: { '': version02, 'linux/arm64': version1 } }
    writeMetadata(path, summary, mode === undefined ? {} : { BUILDX_METADATA_PROVENANCE: mode })
    return JSON.parse(readFileSync(path, 'utf8'))
  }
  const least = {
    'buildx.build.provenance': { builder: { id: 'b' } },
    'buildx.build.provenance/linux/arm64': {
      buildDefinition: { buildType: 't', internalParameters: { builderPlatform: 'p' } },
      runDetails: { builder: { id: 'b' } },
    },
    'image.name': 'a,b',
  }
  assert.deepEqual(told(), least)
  assert.deepEqual(told('min'), least)
  assert.deepEqual(told('max'), {
    'buildx.build.provenance': version02,
    'buildx.build.provenance/linux/arm64': version1,
    'image.name': 'a,b',
  })
  for (const mode of ['disabled', 'false', '0']) assert.deepEqual(told(mode), { 'image.name': 'a,b' })
})
