import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { withFewDescriptors } from '../../test/descriptors.ts'
import { sealLayer } from './seal.ts'

test('a layer for which descriptors run out leaves none open', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'gantry-descriptors-'))
  t.after(() => rm(root, { recursive: true }))
  const [upper = '', ...lower] = ['upper', 'first', 'second'].map((name) => join(root, name))
  for (const directory of [upper, ...lower]) {
    await mkdir(join(directory, 'a/b'), { recursive: true })
    await writeFile(join(directory, 'a/b/file'), 'x')
  }
  // Both layers below, three directories of each and of the layer itself, and the file.
  await withFewDescriptors(13, (left) =>
    assert.throws(
      () => sealLayer({ upper, lower, mountPoints: [] }, join(root, `${left}.tar`), () => {}),
      /EMFILE/,
    ),
  )
  assert.equal(sealLayer({ upper, lower, mountPoints: [] }, join(root, 'layer.tar'), () => {}).contentSize, 1)
})
