import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { MonitorCgroup } from './monitor-cgroup.ts'

async function tree(t: TestContext): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'gantry-monitors-'))
  t.after(() => rm(root, { recursive: true }))
  return root
}

test('on cgroup v2 a conmon leaves the group of the daemon’s service', async (t) => {
  const root = await tree(t)
  const own = '0::/system.slice/gantry.service\n'
  await new MonitorCgroup(
    { mode: 'v2', root, controllers: [], unifiedControllers: [] },
    '/gantry',
    own,
  ).adopt(7)
  assert.equal(await readFile(join(root, 'gantry', 'monitors', 'cgroup.procs'), 'utf8'), '7')
})

test('on cgroup v1 it does so in the trees of the service manager only', async (t) => {
  const root = await tree(t)
  await Promise.all(['systemd', 'unified', 'memory'].map((name) => mkdir(join(root, name))))
  const text = '5:memory:/x\n1:name=systemd:/system.slice/gantry.service\n0::/system.slice/gantry.service\n'
  await new MonitorCgroup(
    { mode: 'hybrid', root, controllers: [], unifiedControllers: [] },
    '/gantry',
    text,
  ).adopt(7)
  assert.deepEqual(await readdir(join(root, 'memory')), [])
  for (const name of ['systemd', 'unified']) {
    assert.equal(await readFile(join(root, name, 'gantry', 'monitors', 'cgroup.procs'), 'utf8'), '7')
  }
})

test('a daemon in the root group has nothing to leave', async (t) => {
  const root = await tree(t)
  await new MonitorCgroup(
    { mode: 'v2', root, controllers: [], unifiedControllers: [] },
    '/gantry',
    '0::/\n',
  ).adopt(7)
  assert.deepEqual(await readdir(root), [])
})
