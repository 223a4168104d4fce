import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { isKind } from '@gantry/errors'
import { resolveUser } from './user.ts'
import { parseGroup, parsePasswd, readUserDatabase } from './user-database.ts'

const database = {
  passwd: parsePasswd(
    'root:x:0:0:root:/root:/bin/sh\n# note\nbroken\nwww:x:33:33::/var/www:/x\nbig:x:4294967296:1::/:',
  ),
  group: parseGroup('root:x:0:\nwheel:x:10:root,www\nstaff:x:50:www\n'),
}

const ids = (user: string, groupAdd: string[] = []) => {
  const { uid, gid, additionalGids } = resolveUser({ user, groupAdd, database })
  return [uid, gid, additionalGids]
}
const refuses = (message: string) => (error: unknown) =>
  isKind(error, 'InvalidParameter') && error.message === message

test('users by name, number and with a group', () => {
  assert.deepEqual(ids(''), [0, 0, [0, 10]])
  assert.deepEqual(ids('www'), [33, 33, [33, 10, 50]])
  assert.deepEqual(ids('33'), [33, 33, [33, 10, 50]])
  assert.deepEqual(ids('www:staff'), [33, 50, [50]])
  assert.deepEqual(ids('1234'), [1234, 0, [0]])
  assert.deepEqual(ids('1234:77'), [1234, 77, [77]])
  assert.deepEqual(ids(':staff'), [0, 50, [50]])
})

test('CVE-2022-36109: the primary group is among the groups', () => {
  for (const user of ['', 'www', '1234', '5:6']) {
    const { gid, additionalGids } = resolveUser({ user, groupAdd: [], database })
    assert.ok(additionalGids?.includes(gid), user)
  }
})

test('CVE-2024-40635: numbers outside the range are refused', () => {
  for (const user of ['2147483648', '4294967296', '-1', '0:4294967296', '1:-2', 'big']) {
    assert.throws(() => ids(user), refuses('uids and gids must be in range 0-2147483647'), user)
  }
})

test('names that are not there are refused in Docker’s words', () => {
  assert.throws(
    () => ids('nobody'),
    refuses('unable to find user nobody: no matching entries in passwd file'),
  )
  assert.throws(() => ids('root:no'), refuses('unable to find group no: no matching entries in group file'))
  assert.throws(() => ids('', ['no']), refuses('Unable to find group no: no matching entries in group file'))
  assert.deepEqual(ids('', ['staff', '99', 'root']), [0, 0, [0, 10, 50, 99]])
})

async function root(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-users-'))
  t.after(() => rm(directory, { recursive: true }))
  await mkdir(join(directory, 'etc'))
  return directory
}

test('CVE-2024-9676: a fifo, a device or a link out of the root is no user database', async (t) => {
  const directory = await root(t)
  execFileSync('mkfifo', [join(directory, 'etc/passwd')])
  await symlink('/../../../../etc/group', join(directory, 'etc/group'))
  assert.deepEqual(readUserDatabase(directory), { passwd: [], group: [] })
})

test('links inside the root are followed', async (t) => {
  const directory = await root(t)
  await mkdir(join(directory, 'lib'))
  await writeFile(join(directory, 'lib/passwd'), 'app:x:1000:1000::/:/bin/sh\n')
  await symlink('/lib/passwd', join(directory, 'etc/passwd'))
  assert.equal(readUserDatabase(directory).passwd[0]?.uid, 1000)
})
