import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { mountOverlay } from './overlay.ts'
import { enforcesProjects, limitProject, projectOf, projectUsage, setProject } from './project-quota.ts'

/** A fresh ext4, mounted with these options; null where this machine cannot. */
function freshExt4(t: TestContext, features: string, options: string): string | null {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-quota-'))
  const mountPoint = join(directory, 'mount')
  mkdirSync(mountPoint)
  const sh = (command: string) => execFileSync('sh', ['-c', command], { stdio: 'ignore' })
  t.after(() => {
    try {
      sh(`umount ${mountPoint}/merged`)
    } catch {
      // no overlay was made
    }
    try {
      sh(`umount ${mountPoint}`)
    } catch {
      // it could not be mounted
    }
    rmSync(directory, { recursive: true })
  })
  try {
    sh(`truncate -s 64M ${directory}/image && mkfs.ext4 -q -O ${features} ${directory}/image`)
    sh(`mount -o loop,${options} ${directory}/image ${mountPoint}`)
    return mountPoint
  } catch {
    return null
  }
}

test('a project is inherited; without quotas nothing is enforced', (t) => {
  const root = freshExt4(t, 'project', 'defaults')
  if (root === null) return t.skip('no ext4 can be mounted here')
  const [upper, work] = [join(root, 'upper'), join(root, 'work')]
  for (const path of [upper, work]) mkdirSync(path)
  assert.equal(projectOf(upper), 0)
  setProject(upper, 0x4000_0001)
  mkdirSync(join(upper, 'below'))
  assert.deepEqual([upper, join(upper, 'below'), work].map(projectOf), [0x4000_0001, 0x4000_0001, 0])
  assert.equal(enforcesProjects(root), false)
  assert.throws(() => limitProject(root, 0x4000_0001, 1 << 20), { name: 'SystemCallError' })
})

test('a limit holds for what is written through an overlay, and is told', (t) => {
  const root = freshExt4(t, 'quota,project', 'prjquota')
  if (root === null) return t.skip('this kernel has no project quotas on ext4')
  const project = 0x4000_0001
  const [lower, upper, work, merged] = ['lower', 'upper', 'work', 'merged'].map((name) => {
    mkdirSync(join(root, name))
    return join(root, name)
  }) as [string, string, string, string]
  writeFileSync(join(lower, 'big'), Buffer.alloc(2 << 20))
  assert.equal(enforcesProjects(root), true)
  assert.deepEqual(projectUsage(root, project), { limit: 0, bytes: 0, files: 0 })
  limitProject(root, project, 1 << 20)
  for (const directory of [upper, work]) setProject(directory, project)
  mountOverlay({ lower: [lower], upper, work, target: merged })
  const fill = (mebibytes: number) =>
    execFileSync('dd', ['if=/dev/zero', `of=${merged}/file`, 'bs=1M', `count=${mebibytes}`, 'conv=fsync'], {
      stdio: 'pipe',
    })
  assert.throws(() => fill(2), /Disk quota exceeded/)
  // Copied up before it is changed.
  assert.throws(() => appendFileSync(join(merged, 'big'), 'x'))
  assert.equal(projectUsage(root, project).limit, 1 << 20)
  rmSync(join(merged, 'file'))
  limitProject(root, project, 0)
  fill(3)
  assert.ok(projectUsage(root, project).bytes >= 3 << 20)
})

test('where there are no projects', () => {
  assert.equal(enforcesProjects('/proc'), false)
  assert.throws(() => projectOf('/proc'), { name: 'SystemCallError' })
})
