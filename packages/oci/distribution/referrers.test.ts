import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from '../chain-id.ts'
import { mediaTypes } from '../media-types.ts'
import type { WholeAnswer } from './host.ts'
import { listReferrers } from './referrers.ts'
import type { RepositoryHost } from './repository.ts'

const subject = digestOf(Buffer.from('an image'))
const signature = {
  mediaType: mediaTypes.ociManifest,
  digest: digestOf(Buffer.from('a signature')),
  size: 11,
}
const list = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [signature] })

/** A repository whose list of referrers and whose tag for them answer so; it counts what each was asked. */
function repository(answers: { api: [number, string]; tag: [number, string] }) {
  const asked = { api: 0, tag: 0 }
  let lacks = false
  const host: RepositoryHost = {
    name: 'registry.example',
    path: 'a',
    limits: {} as RepositoryHost['limits'],
    get listsNoReferrers() {
      return lacks
    },
    noteNoReferrers: () => {
      lacks = true
    },
    send: () => assert.fail('not to be called'),
    fetch: async ({ path }): Promise<WholeAnswer> => {
      const place = String(path).startsWith('/referrers/') ? 'api' : 'tag'
      asked[place]++
      const [status, text] = answers[place]
      return { status, headers: {}, bytes: Buffer.from(text) }
    },
  }
  return { asked, list: async () => (await listReferrers(host, subject, {})).map(({ digest }) => digest) }
}

const unknown = '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}'

test('a registry that does not know the path of referrers is asked for it once', async () => {
  for (const answer of [
    [404, '404 page not found\n'],
    [405, ''],
  ] as [number, string][]) {
    const { asked, list: read } = repository({ api: answer, tag: [200, list] })
    assert.deepEqual(await read(), [signature.digest])
    assert.deepEqual(await read(), [signature.digest])
    assert.deepEqual(asked, { api: 1, tag: 2 })
  }
})

test('a registry that only lacks the repository is asked again', async () => {
  const { asked, list: read } = repository({ api: [404, unknown], tag: [404, unknown] })
  assert.deepEqual(await read(), [])
  assert.deepEqual(await read(), [])
  assert.deepEqual(asked, { api: 2, tag: 2 })
})

test('an answer of the list is enough', async () => {
  const { asked, list: read } = repository({ api: [200, list], tag: [200, list] })
  assert.deepEqual(await read(), [signature.digest])
  assert.deepEqual(asked, { api: 1, tag: 0 })
})
