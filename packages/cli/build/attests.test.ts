import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Flags } from '../framework/command.ts'
import { encodeAttests } from './attests.ts'

const encoded = (attest: string[], short: Record<string, string> = {}): unknown => {
  const flags: Pick<Flags, 'list' | 'changed' | 'string'> = {
    list: () => attest,
    changed: (name) => name in short,
    string: (name) => short[name] ?? '',
  }
  const { attests } = encodeAttests(flags as Flags)
  return attests === undefined ? null : JSON.parse(attests)
}

test('attestations as the engine reads them: by type, commas in quotes, short flags first', () => {
  assert.equal(encoded([]), null)
  assert.deepEqual(encoded(['type=sbom', 'mode=max,type=provenance,"builder-id=a,""b"""']), {
    sbom: '',
    provenance: 'mode=max,"builder-id=a,""b"""',
  })
  assert.deepEqual(encoded(['type=provenance,mode=min'], { provenance: 'mode=max', sbom: '1' }), {
    provenance: 'mode=max',
    sbom: '1',
  })
  assert.throws(() => encoded(['mode=max']), /^Error: attestation type not specified$/)
  assert.throws(() => encoded(['type=sbom', 'type=sbom']), /^Error: duplicate attestation field sbom$/)
})
