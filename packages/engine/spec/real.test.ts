import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { ContainerConfig, HostConfig } from '@gantry/api'
import type { RootFilesystem } from '@gantry/runtime'
import { cgroupLayout } from '@gantry/syscall'
// The test bench of the runtime is no part of its interface.
import { type Bench, collect, makeBench, newId } from '../../runtime/testing.ts'
import type { SpecRequest } from '../containers/dependencies.ts'
import { createImageView } from '../containers/image-view.ts'
import { run } from '../containers/state.ts'
import { createSpecBuilder } from './builder.ts'
import { gatherSpecFacts } from './gather-facts.ts'
import { record } from './testing.ts'

const SIGKILL = 9

interface Machine {
  bench: Bench
  host: Awaited<ReturnType<typeof gatherSpecFacts>>
  start(
    args: string[],
    config?: ContainerConfig,
    host?: HostConfig,
    rest?: Partial<SpecRequest>,
  ): ReturnType<typeof start>
}

async function machine(t: TestContext, program: 'crun' | 'runc'): Promise<Machine> {
  const bench = await makeBench(t, { program })
  const scratch = await mkdtemp(join(tmpdir(), 'gantry-spec-'))
  t.after(() => rm(scratch, { recursive: true }))
  await writeFile(join(scratch, 'file'), 'managed\n')
  const etc = join(bench.directory, 'root', 'etc')
  await writeFile(join(etc, 'passwd'), 'root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n')
  await writeFile(join(etc, 'group'), 'root:x:0:\nwheel:x:10:root\nextra:x:77:app\n')
  const host = await gatherSpecFacts({
    cgroups: cgroupLayout(),
    apparmorProfiles: null,
    cgroupParent: bench.cgroupParent,
    initProgram: null,
    seccompProfile: { kind: 'builtin' },
    noNewPrivileges: false,
    swapLimit: true,
    ulimits: [],
  })
  const builder = createSpecBuilder({
    host,
    apparmor: null,
    imageView: createImageView(join(scratch, 'views')),
  })
  return {
    bench,
    host,
    start: (args, config = {}, hostConfig = {}, rest = {}) =>
      start({ bench, builder, file: join(scratch, 'file'), args, config, hostConfig, rest }),
  }
}

interface StartRequest {
  bench: Bench
  builder: ReturnType<typeof createSpecBuilder>
  file: string
  args: string[]
  config: ContainerConfig
  hostConfig: HostConfig
  rest: Partial<SpecRequest>
}

async function start({ bench, builder, file, args, config, hostConfig, rest }: StartRequest) {
  const id = newId()
  const [upper, work] = [join(bench.directory, id, 'upper'), join(bench.directory, id, 'work')]
  await Promise.all([upper, work].map((path) => mkdir(path, { recursive: true })))
  const rootfs: RootFilesystem = { lower: [join(bench.directory, 'root')], upper, work }
  const spec = await builder.container({
    record: { ...record({ Env: ['PATH=/bin'], ...config }, hostConfig), id, args },
    rootfs,
    mounts: [],
    files: { hosts: file, hostname: file, resolvConf: file },
    hostname: 'box',
    domainname: '',
    namespaces: { network: 'private', pid: 'private', ipc: 'private' },
    ...rest,
  })
  const stdio = { terminal: false, stdin: 'none', logPath: null } as const
  const task = await bench.runtime.create({ id, runtime: bench.program, spec, rootfs, stdio })
  const attachment = await task.attach()
  await task.start()
  return {
    task,
    rootfs,
    /** To the end; what it wrote. */
    async output(): Promise<string> {
      const { stdout, stderr } = await collect(attachment)
      await task.exit
      await task.delete()
      return stdout + stderr
    },
  }
}

const status = (text: string, key: string) => new RegExp(`^${key}:\\s*(\\S.*)$`, 'm').exec(text)?.[1]

for (const program of ['crun', 'runc'] as const) {
  test(`${program}: CVE-2022-24769: what a container may do is Docker’s default, and nothing is inherited`, async (t) => {
    const { start } = await machine(t, program)
    // The second one takes the filter that was compiled for the first.
    for (let round = 0; round < 2; round++) {
      const text = await (await start(['busybox', 'cat', '/proc/self/status'])).output()
      assert.equal(status(text, 'CapInh'), '0000000000000000')
      assert.equal(status(text, 'CapAmb'), '0000000000000000')
      assert.equal(status(text, 'CapBnd'), '00000000a80425fb')
      assert.equal(status(text, 'CapEff'), '00000000a80425fb')
      assert.equal(status(text, 'Seccomp'), '2')
      assert.equal(status(text, 'Seccomp_filters'), '1')
      const denied = await (await start(['busybox', 'unshare', '-U', 'true'])).output()
      assert.match(denied, /unshare.*Operation not permitted/)
    }
  })

  test(`${program}: CVE-2022-36109: users and groups`, async (t) => {
    const { start } = await machine(t, program)
    const ids = async (config: ContainerConfig, host: HostConfig = {}) =>
      (await (await start(['busybox', 'sh', '-c', 'id -u; id -g; id -G'], config, host)).output())
        .split('\n')
        .slice(0, 3)
    assert.deepEqual(await ids({}), ['0', '0', '0 10'])
    assert.deepEqual(await ids({ User: 'app' }), ['1000', '1000', '1000 77'])
    assert.deepEqual(await ids({ User: '55:66' }, { GroupAdd: ['wheel'] }), ['55', '66', '66 10'])
    await assert.rejects(
      start(['id'], { User: 'nobody' }),
      /unable to find user nobody: no matching entries in passwd file/,
    )
  })

  test(`${program}: GHSA-6fw5-f8r9-fgfm: masked paths are empty, read-only ones cannot be written`, async (t) => {
    const { start } = await machine(t, program)
    const script =
      'cat /proc/interrupts /proc/keys /proc/kcore 2>/dev/null; ls /sys/firmware; echo 1 > /proc/sys/kernel/panic'
    const text = await (await start(['busybox', 'sh', '-c', script])).output()
    assert.equal(text.match(/Read-only file system/g)?.length, 1)
    assert.equal(
      text.split('\n').filter((line) => line !== '' && !line.includes('Read-only')).length,
      0,
      text,
    )
  })

  test(`${program}: a privileged container has what the host has, a warning’s worth less`, async (t) => {
    const { start, host } = await machine(t, program)
    const text = await (
      await start(['busybox', 'sh', '-c', 'cat /proc/self/status; ls /dev'], {}, { Privileged: true })
    ).output()
    const bounding = BigInt(`0x${status(text, 'CapBnd')}`)
    assert.equal(bounding.toString(2).replaceAll('0', '').length, host.capabilities.length)
    assert.equal(status(text, 'Seccomp'), '0')
    assert.match(text, /^kmsg$/m)
  })

  test(`${program}: limits, read-only root, tmpfs, managed files, hostname, working directory`, async (t) => {
    const { start } = await machine(t, program)
    const script = `pwd; hostname; cat /etc/hosts; ulimit -n; ulimit -l; touch /x /t/y; ls /t; cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null; :`
    const mount = {
      type: 'tmpfs',
      source: '',
      destination: '/t',
      writable: true,
      propagation: '',
      recursive: false,
    } as const
    const { output } = await start(
      ['busybox', 'sh', '-c', script],
      { WorkingDir: '/new/place' },
      {
        ReadonlyRootfs: true,
        PidsLimit: 99,
        Ulimits: [
          { Name: 'nofile', Soft: 333, Hard: 444 },
          { Name: 'memlock', Soft: 4096, Hard: 8192 },
        ],
      },
      { mounts: [{ ...mount, options: ['size=1m'] }] },
    )
    const text = await output()
    const expected = [
      '/new/place',
      'box',
      'managed',
      '333',
      '4',
      'y',
      '99',
      'touch: /x: Read-only file system',
    ]
    assert.deepEqual(text.split('\n').filter(Boolean).sort(), expected.sort())
  })

  test(`${program}: an exec is confined like its container, and a privileged one is not`, async (t) => {
    const { bench, host, start } = await machine(t, program)
    const { task, rootfs } = await start(['busybox', 'sleep', '1000'])
    const builder = createSpecBuilder({ host, apparmor: null, imageView: createImageView('') })
    const base = record({ Env: ['PATH=/bin'] })
    const running = {
      ...base,
      id: task.id,
      state: run({ ...base.state, status: 'starting', from: 'created' }, task.pid, new Date()),
    }
    const say = async (exec: { user?: string; privileged?: boolean }) => {
      const cmd = ['busybox', 'sh', '-c', 'cat /proc/self/status; id -G']
      const process = await builder.exec({ record: running, rootfs, exec: { cmd, ...exec } })
      const started = await task.exec({
        id: newId(),
        process,
        stdio: { terminal: false, stdin: 'none' },
        attach: true,
      })
      assert.ok(started.attachment)
      const { stdout } = await collect(started.attachment)
      await started.exit
      return stdout
    }
    const plain = await say({})
    assert.deepEqual(
      ['CapInh', 'CapEff', 'Seccomp'].map((key) => status(plain, key)),
      ['0000000000000000', '00000000a80425fb', '2'],
    )
    const app = await say({ user: 'app' })
    assert.deepEqual(
      ['CapInh', 'CapEff'].map((key) => status(app, key)),
      ['0000000000000000', '0000000000000000'],
    )
    assert.match(app, /\n1000 77\n$/)
    assert.notEqual(status(await say({ privileged: true }), 'CapEff'), '00000000a80425fb')
    await task.kill(SIGKILL)
    await task.exit
    await task.delete()
    await bench.assertNothingLeft()
  })
}
