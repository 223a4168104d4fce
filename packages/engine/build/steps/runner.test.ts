import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { PreparedMount, RunRequest } from '@gantry/build'
import { hostPlatform } from '@gantry/oci'
import type { TaskOptions } from '@gantry/runtime'
import type { ViewOptions } from '../../containers/image-view.ts'
import { bench } from '../../containers/testing.ts'
import { buildSpec } from '../../spec/build.ts'
import { host, input } from '../../spec/testing.ts'
import { createRunner, type RunnerParts } from './runner.ts'

const context = { user: 'system_u', role: 'object_r', type: 'container_file_t', level: 's0' }
const contexts = { process: { ...context, role: 'system_r', type: 'container_t' }, file: context }

/** Runs steps whose processes end at once, and keeps what they were made from. */
async function steps(t: TestContext, selinux: RunnerParts['selinux']) {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-steps-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const it = await bench(t)
  const made: TaskOptions[] = []
  const views: (ViewOptions | undefined)[] = []
  const { imageView, runtime, spec } = it.deps
  const rootfs = { lower: ['/lower'], upper: '/upper', work: '/work' }
  const parts = {
    ...it.deps,
    selinux,
    directory,
    containers: it.services.registry,
    shells: {},
    files: { resolve: async (root: string, path: string) => join(root, path) },
    snapshots: { open: async () => ({ rootfs, async [Symbol.asyncDispose]() {} }) },
    imageView: {
      ...imageView,
      open: async (lower: string[], options?: ViewOptions) => {
        views.push(options)
        return await imageView.open(lower, options)
      },
    },
    runtime: {
      ...runtime,
      create: async (options: TaskOptions) => {
        made.push(options)
        const task = await runtime.create(options)
        return Object.assign(task, { start: async () => it.tasks.get(options.id)?.end({}) })
      },
    },
    spec: {
      ...spec,
      container: async (request: Parameters<typeof spec.container>[0]) =>
        buildSpec({ ...input(), ...request }, { ...host, selinux: true }),
    },
  }
  const runner = createRunner(parts as unknown as RunnerParts)
  const run = async (mounts: PreparedMount[] = []) => {
    const step = {
      args: ['true'],
      platform: hostPlatform(),
      env: [],
      user: '',
      workingDir: '/',
      network: 'none',
      security: 'sandbox',
    }
    const asked = { step, rootfs, mounts, variables: [], hosts: [], output: () => undefined }
    const signal = new AbortController().signal
    assert.equal(await runner.run({ ...asked, signal } as unknown as RunRequest), 0)
    const options = made.at(-1)
    assert.ok(options && 'upper' in options.rootfs)
    const { process, linux } = options.spec
    return [process.selinuxLabel, linux.mountLabel as string | undefined, options.rootfs.mountLabel]
  }
  return { it, run, views }
}

test('steps of builds have SELinux labels where containers have them', async (t) => {
  const { it, run, views } = await steps(t, contexts)
  it.deps.selinux = contexts
  await it.create()
  const [process, mount, rootfs] = await run([
    {
      type: 'bind',
      source: '/gone',
      part: { of: { layers: [] }, path: '/' },
      target: '/m',
      readonly: true,
    },
    { type: 'file', content: Buffer.from('s'), target: '/run/secrets/s', mode: 0o400, uid: 0, gid: 0 },
  ])
  assert.match(process ?? '', /^system_u:system_r:container_t:s0:c\d+,c\d+$/)
  const level = process?.split(':').slice(3).join(':')
  assert.deepEqual([mount, rootfs], Array(2).fill(`system_u:object_r:container_file_t:${level}`))
  assert.deepEqual(views, [{ idMap: undefined, context: mount }])
  assert.notEqual((await run())[0], process)
})

test('steps of builds have no SELinux labels where containers have none', async (t) => {
  const { run } = await steps(t, null)
  assert.deepEqual(await run(), [undefined, undefined, undefined])
})
