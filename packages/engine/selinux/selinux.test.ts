import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { HostConfig } from '@gantry/api'
import { isKind } from '@gantry/errors'
import { getXattr } from '@gantry/syscall'
import { containerContexts, impliedOptions, labelsFor, levelsOf, relabel } from './index.ts'

const directory = async (t: TestContext) => {
  const path = await mkdtemp(join(tmpdir(), 'gantry-selinux-'))
  t.after(() => rm(path, { recursive: true, force: true }))
  return path
}

const contexts = {
  process: { user: 'system_u', role: 'system_r', type: 'container_t', level: 's0' },
  file: { user: 'system_u', role: 'object_r', type: 'container_file_t', level: 's0' },
}

test('the contexts of containers are those of the policy in use', async (t) => {
  const root = await directory(t)
  const paths = { kernel: join(root, 'selinuxfs'), configuration: join(root, 'etc') }
  const write = async (name: string, text: string) => {
    await mkdir(join(root, name, '..'), { recursive: true })
    await writeFile(join(root, name), text)
  }
  await write('etc/config', '# comment\nSELINUX=enforcing\nSELINUXTYPE=strict \n')
  await write(
    'etc/strict/contexts/lxc_contexts',
    'process = "system_u:system_r:box_t:s0"\ncontent = "x"\nfile = "system_u:object_r:box_file_t:s0:c1,c2"\n',
  )
  assert.equal(await containerContexts(paths), null, 'the kernel has none')
  await write('selinuxfs/enforce', '0')
  const found = await containerContexts(paths)
  assert.equal(found?.process.type, 'box_t')
  assert.deepEqual(found?.file, { user: 'system_u', role: 'object_r', type: 'box_file_t', level: 's0:c1,c2' })
  await rm(join(root, 'etc/config'))
  assert.equal(await containerContexts(paths), null, 'the type is targeted, which is not there')
  await write('etc/targeted/contexts/lxc_contexts', 'file = nothing\nprocess = a:b:c\n')
  assert.equal(await containerContexts(paths), null)
})

test('each container has a pair of categories of its own, in its processes and its files', () => {
  const all = []
  for (let count = 0; count < 300; count++) {
    const labels = labelsFor({}, contexts, levelsOf(all))
    const [, level] = /^system_u:system_r:container_t:(s0:c\d+,c\d+)$/.exec(labels.process) ?? []
    assert.equal(labels.mount, `system_u:object_r:container_file_t:${level}`)
    const [low = 0, high = 0] = [...(level ?? '').matchAll(/c(\d+)/g)].map(([, number]) => Number(number))
    assert.ok(low < high && high < 1024, labels.process)
    all.push(labels)
  }
  assert.equal(levelsOf(all).size, 300)
})

test('a policy without levels gets none', () => {
  const plain = { process: { ...contexts.process, level: '' }, file: { ...contexts.file, level: '' } }
  assert.deepEqual(labelsFor({}, plain, new Set()), {
    process: 'system_u:system_r:container_t',
    mount: 'system_u:object_r:container_file_t',
  })
})

const asked: [string[], process: string, mount: string][] = [
  [['disable'], '', 'system_u:object_r:container_file_t:s0'],
  [
    ['level:s0:c1,c2'],
    'system_u:system_r:container_t:s0:c1,c2',
    'system_u:object_r:container_file_t:s0:c1,c2',
  ],
  [['user:u', 'role:r', 'type:t', 'level:s1', 'filetype:f'], 'u:r:t:s1', 'u:object_r:f:s1'],
]
for (const [options, process, mount] of asked)
  test(`label=${options.join(' label=')}`, () => {
    const SecurityOpt = options.map((option) => `label=${option}`)
    assert.deepEqual(labelsFor({ SecurityOpt }, contexts, new Set()), { process, mount })
  })

test('malformed options are refused', () => {
  for (const option of ['label=type', 'label=colour:red', 'label=type:'])
    assert.throws(
      () => labelsFor({ SecurityOpt: [option] }, contexts, new Set()),
      (error) => isKind(error, 'InvalidParameter') && /bad label option/.test(error.message),
    )
})

const one = 'system_u:system_r:container_t:s0:c1,c2'
const implied: [HostConfig, string[]][] = [
  [{}, []],
  [{ Privileged: true }, ['label=disable']],
  [{ PidMode: 'host' }, ['label=disable']],
  [{ IpcMode: 'host' }, ['label=disable']],
  [{ Privileged: true, SecurityOpt: ['label=type:x'] }, []],
  [{ PidMode: 'container:unlabelled' }, ['label=disable']],
  [
    { IpcMode: 'container:one', PidMode: 'container:one' },
    ['label=user:system_u', 'label=role:system_r', 'label=type:container_t', 'label=level:s0:c1,c2'],
  ],
]
const labelsOf = (name: string) =>
  name === 'unlabelled' ? undefined : { process: name === 'one' ? one : `${one},c3`, mount: '' }
for (const [config, options] of implied)
  test(`options that come with ${JSON.stringify(config)}`, () => {
    assert.deepEqual(impliedOptions(config, labelsOf), options)
    if (config.PidMode === 'container:one')
      assert.equal(labelsFor({ SecurityOpt: options }, contexts, new Set()).process, one)
  })

test('two containers whose labels differ cannot be joined', () => {
  const config = { IpcMode: 'container:one', PidMode: 'container:two' }
  assert.throws(() => impliedOptions(config, labelsOf), {
    kind: 'InvalidParameter',
    message: "--ipc and --pid containers SELinux labels aren't the same",
  })
})

const skip = process.getuid?.() !== 0 && 'needs root'
const label = 'system_u:object_r:container_file_t:s0:c1,c2'
const labelAt = (path: string) => getXattr(Buffer.from(path), 'security.selinux')?.toString() ?? null

test('a tree is relabelled, and nothing that its links lead to', { skip }, async (t) => {
  const root = await directory(t)
  await mkdir(join(root, 'tree/sub/deep'), { recursive: true })
  const files = ['tree/file', 'tree/sub/deep/file', 'outside']
  for (const name of files) await writeFile(join(root, name), '')
  await mkdir(join(root, 'elsewhere'))
  await symlink('../outside', join(root, 'tree/link'))
  await symlink('../elsewhere', join(root, 'tree/sub/link'))
  await symlink('tree', join(root, 'way'))
  await relabel(join(root, 'way'), label, { shared: false })
  for (const name of ['tree', 'tree/file', 'tree/sub', 'tree/sub/deep', 'tree/sub/deep/file', 'tree/link'])
    assert.equal(labelAt(join(root, name)), `${label}\0`, name)
  for (const name of ['outside', 'elsewhere', 'way']) assert.equal(labelAt(join(root, name)), null, name)
  await relabel(join(root, 'tree/file'), label, { shared: true })
  assert.equal(labelAt(join(root, 'tree/file')), 'system_u:object_r:container_file_t:s0\0')
})

test('a file system without labels is left alone, also below another', { skip }, async () => {
  await relabel('/proc/self/fdinfo', label, { shared: false })
})

test('directories of the host are not relabelled, whatever they are called', { skip }, async (t) => {
  const root = await directory(t)
  await symlink('/etc', join(root, 'link'))
  const guarded = ['/', '/usr', '/usr/', '/etc', '/home', '/var/lib/../../etc', join(root, 'link')]
  for (const path of guarded)
    await assert.rejects(relabel(path, label, { shared: true }), {
      kind: 'InvalidParameter',
      message: `SELinux relabeling of ${path} is not allowed`,
    })
  assert.equal(labelAt('/etc'), null)
})
