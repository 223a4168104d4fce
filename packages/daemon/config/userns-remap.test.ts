import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type AccountFiles, resolveRemap } from './userns-remap.ts'

async function host(t: TestContext, content: Partial<AccountFiles> = {}): Promise<AccountFiles> {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-remap-'))
  t.after(() => rm(directory, { recursive: true }))
  const files: AccountFiles = {
    passwd: 'root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\nbob:x:1001:1001::/:/bin/sh\n',
    group: 'root:x:0:\nann:x:1000:\nstaff:x:50:\n',
    subuid: '# ranges\nann:300000:1000\nother:400000:65536\n1000:100000:65536\n',
    subgid: 'ann:100000:65536\nstaff:200000:10\n',
    ...content,
  }
  const entries = Object.entries(files).map(async ([name, text]) => {
    await writeFile(join(directory, name), text)
    return [name, join(directory, name)]
  })
  return Object.fromEntries(await Promise.all(entries)) as AccountFiles
}

const all = [{ inside: 0, outside: 100_000, length: 65536 }]

test('users and groups by name and number; all ranges of a user count, lowest first', async (t) => {
  const files = await host(t)
  const uids = [...all, { inside: 65536, outside: 300_000, length: 1000 }]
  for (const spec of ['ann', '1000', 'ann:ann', '1000:1000', 'ann:1000'])
    assert.deepEqual(await resolveRemap(spec, files), { uids, gids: all }, spec)
  assert.deepEqual(await resolveRemap('ann:staff', files), {
    uids,
    gids: [{ inside: 0, outside: 200_000, length: 10 }],
  })
  assert.equal(await resolveRemap('root', files), null)
  assert.equal(await resolveRemap('0:0', files), null)
})

test('what cannot be is refused in the words of dockerd', async (t) => {
  const files = await host(t)
  for (const [spec, message] of [
    ['a:b:c', 'Invalid user/group specification in --userns-remap: "a:b:c"'],
    [':x', 'Invalid user/group specification in --userns-remap: ":x"'],
    ['nobody', 'Error during uid lookup for "nobody": unknown user'],
    ['77', 'Uid 77 has no entry in /etc/passwd'],
    ['1001', 'Gid 1001 has no entry in /etc/group'],
    ['bob', 'Error during gid lookup for "bob": unknown group'],
    ['ann:none', 'Error during groupname lookup for "none": unknown group'],
    ['bob:staff', `Can't create ID mappings: No subuid ranges found for user "bob"`],
  ] as const)
    await assert.rejects(resolveRemap(spec, files), { kind: 'InvalidParameter', message })
  const broken = await host(t, { subuid: 'ann:1000\n' })
  await assert.rejects(resolveRemap('ann', broken), /cannot parse .*subuid: ann:1000/)
})

test('default takes the ids of dockremap, and gives it a range that nobody has', async (t) => {
  const known = await host(t, { subuid: 'dockremap:100000:65536\n', subgid: 'dockremap:100000:65536\n' })
  assert.deepEqual(await resolveRemap('default', known), { uids: all, gids: all })
  const files = await host(t, { subgid: '' })
  const made = await resolveRemap('default', files)
  assert.deepEqual(made, { uids: [{ inside: 0, outside: 465_536, length: 65536 }], gids: all })
  assert.match(await readFile(files.subuid, 'utf8'), /^# ranges\nann:.*\ndockremap:465536:65536\n$/s)
  assert.deepEqual(await resolveRemap('default', files), made)
})
