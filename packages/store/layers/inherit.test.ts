import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { withFewDescriptors } from '../../../test/descriptors.ts'
import { inherit } from './inherit.ts'

test('directories take over what the layer below says of them, and descriptors that run out leave none open', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'gantry-inherit-'))
  t.after(() => rm(root, { recursive: true }))
  const [target = '', ...lower] = ['target', 'first', 'second'].map((name) => join(root, name))
  for (const directory of [target, ...lower]) await mkdir(join(directory, 'a'), { recursive: true })
  await chmod(join(root, 'first/a'), 0o711)
  await withFewDescriptors(5, () => assert.throws(() => inherit({ target, lower, paths: ['a'] }), /EMFILE/))
  inherit({ target, lower, paths: ['a'] })
  assert.equal((await stat(join(target, 'a'))).mode & 0o777, 0o711)
})
