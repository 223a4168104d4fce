import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CgroupLayout } from '@gantry/syscall'
import { until } from '../../test/until.ts'
import { CgroupLock } from './cgroup-lock.ts'

const lines = '7:cpu,cpuacct:/x\n5:pids:/service\n1:name=systemd:/service\n0::/service\n'

for (const [mode, file] of [
  ['v2', 'service/cgroup.procs'],
  ['hybrid', 'pids/service/cgroup.procs'],
  ['v1', 'pids/service/cgroup.procs'],
] as const) {
  test(`on ${mode} the daemon moves itself to where it is, once in a while`, async (t) => {
    const root = await mkdtemp(join(tmpdir(), 'gantry-lock-'))
    t.after(() => rm(root, { recursive: true }))
    await mkdir(join(root, file, '..'), { recursive: true })
    const layout: CgroupLayout = { mode, root, controllers: [], unifiedControllers: [] }
    const lock = new CgroupLock(layout, lines)
    const written = async () => (await readFile(join(root, file), 'utf8').catch(() => '')) === '0'
    lock.warm()
    lock.warm()
    await until('the move', written)
    await sleep(20)
    await writeFile(join(root, file), '')
    lock.warm()
    await until('the next move', written)
  })
}

test('where there is no such group, nothing happens', () => {
  new CgroupLock({ mode: 'v2', root: '/nonexistent', controllers: [], unifiedControllers: [] }, '').warm()
})
