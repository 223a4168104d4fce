/** Fields and parameters of the API that no command of the CLIs sends, or shows: asked by hand. */
import assert from 'node:assert/strict'
import { realpath, stat, statfs } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { suite, test } from 'node:test'
import { startRegistry } from '../registry/registry.ts'
import { suiteDaemon, until } from './harness.ts'

/** `f_type` of statfs(2). */
const tmpfs = 0x01021994

/** The whole disk that a path is on; null where the file system has no device of its own. */
async function diskBelow(path: string): Promise<string | null> {
  const { dev } = await stat(path)
  const number = `${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >> 12) & 0xfff00)}`
  const device = await realpath(`/sys/dev/block/${number}`).catch(() => null)
  if (device === null) return null
  const isPartition = await stat(`${device}/partition`).catch(() => null)
  return `/dev/${basename(isPartition ? dirname(device) : device)}`
}

/** An OCI platform as a query has it. */
const platform = (architecture: string) => encodeURIComponent(JSON.stringify({ os: 'linux', architecture }))

suite('fields of the API', { concurrency: 1 }, () => {
  const daemon = suiteDaemon({ busybox: true })

  /** The body of an answer that must have this status. */
  async function ask<T>(status: number, method: string, path: string, body?: unknown): Promise<T> {
    const answer = await daemon().api(method, path, body)
    assert.equal(answer.status, status, `${method} ${path}: ${JSON.stringify(answer.body)}`)
    return answer.body as T
  }

  const ok = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await daemon().docker(args)
    assert.equal(exitCode, 0, `${args.join(' ')}: ${stderr}`)
    return stdout.trim()
  }

  test('a commit with every field of the configuration', async () => {
    const kept = {
      User: '1',
      ExposedPorts: { '80/tcp': {} },
      Env: ['A=b'],
      Entrypoint: ['e'],
      Cmd: ['x'],
      ArgsEscaped: true,
      Volumes: { '/v': {} },
      WorkingDir: '/w',
      Labels: { l: 'm' },
      StopSignal: 'SIGINT',
      OnBuild: ['RUN true'],
      Shell: ['/bin/x'],
      Healthcheck: {
        Test: ['CMD', 'true'],
        Interval: 2_000_000_000,
        Timeout: 2_000_000_000,
        StartPeriod: 3_000_000_000,
        StartInterval: 4_000_000_000,
        Retries: 2,
      },
    }
    const ofTheContainer = {
      ...{ Hostname: 'h', Domainname: 'd', Image: 'i', NetworkDisabled: true, StopTimeout: 3 },
      ...{ AttachStdin: true, AttachStdout: true, AttachStderr: true },
      ...{ Tty: true, OpenStdin: true, StdinOnce: true },
    }
    await ask(201, 'POST', '/containers/create?name=to-commit', { Image: 'busybox' })
    const query = 'container=to-commit&repo=committed&pause=1&comment=why&author=who'
    await ask(201, 'POST', `/commit?${query}`, { ...kept, ...ofTheContainer })
    const shown = await ask<{ Config: object; Author: string; Comment: string }>(
      200,
      'GET',
      '/images/committed/json',
    )
    assert.deepEqual(shown.Config, kept)
    assert.deepEqual([shown.Author, shown.Comment], ['who', 'why'])
    await ask(200, 'DELETE', '/images/committed')
    await ask(204, 'DELETE', '/containers/to-commit')
  })

  test('platforms of an image: inspect, history, save, push, remove', async (t) => {
    const registry = await startRegistry({}, t)
    const name = `${registry.host}/hello:1`
    const [here, there] = process.arch === 'arm64' ? ['arm64', 'amd64'] : ['amd64', 'arm64']
    await ok('pull', '-q', 'hello-world')
    await ok('tag', 'hello-world', name)
    type Manifests = {
      Manifests: { Available: boolean; ImageData: { Platform: { architecture: string } } }[]
    }
    const available = async () =>
      (await ask<Manifests>(200, 'GET', `/images/${name}/json?manifests=1`)).Manifests.filter(
        ({ Available }) => Available,
      ).map(({ ImageData }) => ImageData.Platform.architecture)
    assert.deepEqual((await available()).sort(), ['amd64', 'arm64'])
    const images = await ask<unknown[]>(200, 'GET', '/images/json?manifests=1&identity=1')
    assert.ok(images.length >= 2)
    for (const architecture of [here, there]) {
      const rows = await ask<object[]>(
        200,
        'GET',
        `/images/${name}/history?platform=${platform(architecture)}`,
      )
      assert.ok(rows.length > 0)
    }
    for (const path of [`history?platform=`, `get?platform=`])
      await ask(404, 'GET', `/images/${name}/${path}${platform('s390x')}`)
    await ask(400, 'GET', `/images/${name}/history?platform=%7B%22os%22%3A1%7D`)

    await ok('push', '-q', '--platform', `linux/${there}`, name)
    await ask(200, 'GET', `/images/${name}/get?platform=${platform(there)}`)
    await ask(404, 'DELETE', `/images/${name}?platforms=${platform('s390x')}`)
    await ask(200, 'DELETE', `/images/${name}?platforms=${platform(there)}`)
    assert.deepEqual(await available(), [here])
    await ask(200, 'DELETE', `/images/${name}?platforms=${platform(here)}`)
    await ask(404, 'GET', `/images/${name}/json`)
    await ask(200, 'DELETE', '/images/hello-world')

    await ok('pull', '-q', '--platform', `linux/${there}`, name)
    assert.deepEqual(await available(), [there])
    await ask(200, 'DELETE', `/images/${name}`)
  })

  test('the manifest that a name stands for, and the one that a container was made from', async () => {
    interface Described {
      Descriptor: { mediaType: string; digest: string; size: number }
    }
    interface OfContainer {
      ImageManifestDescriptor?: Described['Descriptor'] & { platform: { os: string; architecture: string } }
    }
    await ok('pull', '-q', 'hello-world')
    const { Descriptor: index } = await ask<Described>(200, 'GET', '/images/hello-world/json')
    assert.equal(index.mediaType, 'application/vnd.oci.image.index.v1+json')
    const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'
    const query = `platform=${platform(architecture)}`
    const { Descriptor: own } = await ask<Described>(200, 'GET', `/images/hello-world/json?${query}`)
    assert.equal(own.mediaType, 'application/vnd.oci.image.manifest.v1+json')
    assert.ok(own.size > 0 && own.digest !== index.digest)

    await ask(201, 'POST', '/containers/create?name=described', { Image: 'hello-world' })
    const expected = { ...own, platform: { os: 'linux', architecture } }
    const inspected = await ask<OfContainer>(200, 'GET', '/containers/described/json')
    assert.deepEqual(inspected.ImageManifestDescriptor, expected)
    interface Users {
      Manifests: { ImageData: { Containers: string[]; Platform: { architecture: string } } }[]
    }
    const { Manifests } = await ask<Users>(200, 'GET', '/images/hello-world/json?manifests=1')
    const used = Manifests.find(({ ImageData }) => ImageData.Platform.architecture === architecture)
    assert.equal(used?.ImageData.Containers.length, 1)
    const filters = encodeURIComponent('{"reference":["hello-world"]}')
    const listed = await ask<Users[]>(200, 'GET', `/images/json?manifests=1&filters=${filters}`)
    const inList = listed[0]?.Manifests.find(
      ({ ImageData }) => ImageData.Platform.architecture === architecture,
    )
    assert.deepEqual(inList?.ImageData.Containers, used?.ImageData.Containers)
    const [row] = await ask<OfContainer[]>(200, 'GET', '/containers/json?all=1&limit=1')
    assert.deepEqual(row?.ImageManifestDescriptor, expected)
    for (const path of ['described/json', 'json?all=1&limit=1']) {
      const older = await ask<OfContainer | OfContainer[]>(200, 'GET', `/v1.47/containers/${path}`)
      assert.ok(!('ImageManifestDescriptor' in ([older].flat()[0] ?? {})))
    }
    await ask(204, 'DELETE', '/containers/described')
    await ask(200, 'DELETE', '/images/hello-world')
  })

  test('stats tell what was read and written of each device', async (t) => {
    // Writes through the page cache are nobody's on cgroup v1.
    if ((await statfs(daemon().root)).type === tmpfs) return t.skip('no device below a tmpfs')
    // Linux counts for cgroup v1 once there has been a limit for the device.
    const disk = await diskBelow(daemon().root)
    const limit = disk === null ? [] : ['--device-write-bps', `${disk}:1gb`]
    const volume = ['-v', `${daemon().root}/blocks:/blocks`]
    await ok(
      ...['run', '-d', '--name', 'writer', ...limit, ...volume, 'busybox', 'sh', '-c'],
      'dd if=/dev/zero of=/blocks/a bs=1M count=2 oflag=direct && exec sleep 600',
    )
    interface Usage {
      blkio_stats: {
        io_service_bytes_recursive: { major: number; minor: number; op: string; value: number }[] | null
      }
    }
    await until('the write', async () => {
      const stats = await ask<Usage>(200, 'GET', '/containers/writer/stats?stream=0&one-shot=1')
      const written = stats.blkio_stats.io_service_bytes_recursive?.find(
        ({ major, op, value }) => major > 0 && op.toLowerCase() === 'write' && value >= 2 << 20,
      )
      return written && Number.isInteger(written.minor)
    })
    await ask(204, 'DELETE', '/containers/writer?force=1')
  })

  test('disk usage of some kinds of objects only', async () => {
    const kinds = {
      container: 'ContainerUsage',
      image: 'ImageUsage',
      volume: 'VolumeUsage',
      'build-cache': 'BuildCacheUsage',
    }
    const all = Object.values(kinds)
    assert.deepEqual(Object.keys(await ask(200, 'GET', '/system/df')).sort(), all.toSorted())
    for (const [type, field] of Object.entries(kinds))
      assert.deepEqual(Object.keys(await ask(200, 'GET', `/system/df?type=${type}`)), [field])
    const two = await ask<object>(200, 'GET', '/system/df?type=image&type=volume')
    assert.deepEqual(Object.keys(two).sort(), ['ImageUsage', 'VolumeUsage'])
    const older = await ask<{ Images: unknown; Volumes: unknown }>(200, 'GET', '/v1.44/system/df?type=volume')
    assert.deepEqual([older.Images, older.Volumes], [null, []])
    const { message } = await ask<{ message: string }>(400, 'GET', '/system/df?type=nope')
    assert.equal(message, 'unknown object type: nope')
  })

  test('an exec is started with the size of its terminal', async () => {
    await ok(
      'run',
      '-d',
      '--name',
      'sized',
      '--annotation',
      'note=kept',
      '--pids-limit',
      '50',
      'busybox',
      'sleep',
      '600',
    )
    // crun sets the size while the process runs already.
    const whenSized = 'while [ "$(stty size)" = "0 0" ]; do usleep 50000; done; stty size >/tmp/size'
    const start = async (size: unknown, tty = true) => {
      const request = { Cmd: ['timeout', '100', 'sh', '-c', whenSized], Tty: tty, AttachStdout: true }
      const { Id } = await ask<{ Id: string }>(201, 'POST', '/containers/sized/exec', request)
      const body = { Detach: true, Tty: tty, ConsoleSize: size }
      return await daemon().api('POST', `/exec/${Id}/start`, body)
    }
    assert.equal((await start([22, 77])).status, 200)
    const size = async () => (await daemon().docker(['exec', 'sized', 'cat', '/tmp/size'])).stdout.trim()
    await until('a size', async () => (await size()) !== '')
    assert.equal(await size(), '22 77')
    assert.equal((await start([22, 77], false)).status, 400)

    const filters = encodeURIComponent(JSON.stringify({ name: ['sized'] }))
    const [row] = await ask<{ HostConfig: object }[]>(200, 'GET', `/containers/json?filters=${filters}`)
    assert.deepEqual(row?.HostConfig, { NetworkMode: 'default', Annotations: { note: 'kept' } })
    const { pids_stats } = await ask<{ pids_stats: { limit: number } }>(
      200,
      'GET',
      '/containers/sized/stats?stream=0&one-shot=1',
    )
    assert.equal(pids_stats.limit, 50)
    await ok('rm', '-f', 'sized')
  })

  test('parameters that change nothing here are judged all the same', async () => {
    await ask(201, 'POST', '/containers/create?name=judged', { Image: 'busybox', Cmd: ['sleep', '600'] })
    await ask(204, 'POST', '/containers/judged/start?detachKeys=ctrl-x,q')
    await ask(204, 'DELETE', '/containers/judged?force=1')
    await ask(200, 'POST', '/build/prune?max-used-space=1000&min-free-space=1')
    await ask(400, 'POST', '/build/prune?max-used-space=many')
    const gpu = { Driver: 'none', DeviceIDs: ['0'], Capabilities: [['gpu']], Options: { a: 'b' } }
    const HostConfig = { DeviceRequests: [gpu] }
    await ask(201, 'POST', '/containers/create?name=gpu', { Image: 'busybox', HostConfig })
    const { message } = await ask<{ message: string }>(400, 'POST', '/containers/gpu/start')
    assert.equal(message, 'could not select device driver "none" with capabilities: [[gpu]]')
    await ask(200, 'POST', '/containers/gpu/update', HostConfig)
    await ask(204, 'DELETE', '/containers/gpu')
  })
})
