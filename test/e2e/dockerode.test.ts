/** The API as a widely used client library sees it. */
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { PassThrough, type Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { before, suite, test } from 'node:test'
import type Docker from 'dockerode'
import { suiteDaemon, until } from './harness.ts'
import { busyboxRootfs } from './images.ts'
import { atOnce } from './recording.ts'

suite('dockerode', { concurrency: atOnce(2) }, () => {
  const daemon = suiteDaemon()
  let docker: Docker
  before(() => {
    docker = daemon().dockerode
  })

  /** Splits a multiplexed stream until its end. */
  async function split(stream: NodeJS.ReadableStream): Promise<{ stdout: string; stderr: string }> {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()]
    docker.modem.demuxStream(stream, stdout, stderr)
    stream.on('end', () => {
      stdout.end()
      stderr.end()
    })
    const [out, err] = await Promise.all([text(stdout), text(stderr)])
    return { stdout: out, stderr: err }
  }

  test('run: create, attach, start, wait, remove', async () => {
    const output = new PassThrough()
    const [result, container] = await docker.run('busybox', ['sh', '-c', 'echo hi; exit 2'], output, {
      Tty: true,
    })
    assert.equal(result.StatusCode, 2)
    output.end()
    assert.equal(await text(output), 'hi\r\n')
    await container.remove()
  })

  test('attach with stdin over a hijacked connection, half-closed', async () => {
    const container = await docker.createContainer({
      Image: 'busybox',
      Cmd: ['sh', '-c', 'cat; echo done >&2'],
      OpenStdin: true,
      StdinOnce: true,
      AttachStdin: true,
    })
    const stream = await container.attach({
      stream: true,
      stdin: true,
      stdout: true,
      stderr: true,
      hijack: true,
    })
    const seen = split(stream)
    await container.start()
    stream.write('some ')
    stream.end('input')
    assert.deepEqual(await seen, { stdout: 'some input', stderr: 'done\n' })
    assert.equal((await container.wait()).StatusCode, 0)
    await container.remove()
  })

  test('exec with its exit code', async () => {
    const container = await docker.createContainer({ Image: 'busybox', Cmd: ['sleep', '600'] })
    await container.start()
    const exec = await container.exec({
      Cmd: ['sh', '-c', 'echo a; echo b >&2; exit 3'],
      AttachStdout: true,
      AttachStderr: true,
    })
    assert.deepEqual(await split(await exec.start({})), { stdout: 'a\n', stderr: 'b\n' })
    const inspected = await exec.inspect()
    assert.deepEqual([inspected.ExitCode, inspected.Running], [3, false])
    await container.remove({ force: true })
  })

  test('logs, not followed, are one answer', async () => {
    const container = await docker.createContainer({ Image: 'busybox', Cmd: ['echo', 'logged'] })
    await container.start()
    await container.wait()
    const logs = (await container.logs({ stdout: true, stderr: true })) as unknown as Buffer
    assert.equal(logs.subarray(8).toString(), 'logged\n')
    await container.remove()
  })

  test('events tell of each step in order', async () => {
    const since = Math.floor(Date.now() / 1000) - 1
    const stream = (await docker.getEvents({
      since,
      filters: { label: ['watched'], type: ['container'] },
    })) as Readable
    const container = await docker.createContainer({
      Image: 'busybox',
      Cmd: ['false'],
      Labels: { watched: '' },
    })
    await container.start()
    await container.wait()
    await container.remove()
    const actions: string[] = []
    let rest = ''
    for await (const chunk of stream) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      actions.push(...lines.map((line) => JSON.parse(line).Action))
      if (actions.at(-1) === 'destroy') break
    }
    assert.deepEqual(actions, ['create', 'start', 'die', 'destroy'])
  })

  test('images: import, tag, save, remove, load', async () => {
    const rootfs = await busyboxRootfs()
    await docker
      .importImage(rootfs as unknown as string, { repo: 'made', tag: '1' })
      .then((stream) => text(stream as Readable))
    await docker.getImage('made:1').tag({ repo: 'made', tag: '2' })
    const archive = (await docker.getImage('made:1').get()) as Readable
    const chunks: Buffer[] = []
    for await (const chunk of archive) chunks.push(chunk)
    await docker.getImage('made:1').remove()
    await docker.getImage('made:2').remove()
    await assert.rejects(docker.getImage('made:1').inspect(), { statusCode: 404 })
    const loaded = (await docker.loadImage(Buffer.concat(chunks) as unknown as string)) as Readable
    assert.match(await text(loaded), /Loaded image: made:1/)
    assert.equal((await docker.getImage('made:1').inspect()).Os, 'linux')
    await docker.getImage('made:1').remove()
  })

  test('an image that is forced away while a container uses it goes with that container', async () => {
    const layers = async () => (await readdir(`${daemon().root}/data/layers`)).length
    const before = await layers()
    const rootfs = await busyboxRootfs()
    const other = Buffer.concat([rootfs.subarray(0, 512), rootfs]) // its first directory twice: another layer
    await docker
      .importImage(other as unknown as string, { repo: 'forced' })
      .then((stream) => text(stream as Readable))
    const container = await docker.createContainer({ Image: 'forced', Cmd: ['true'] })
    await docker.getImage('forced').remove({ force: true })
    assert.equal(await layers(), before + 1)
    await container.start()
    await container.wait()
    await container.remove()
    await until('the layer to go', async () => (await layers()) === before)
  })

  test('errors carry status and message', async () => {
    await assert.rejects(docker.getContainer('nosuch').inspect(), {
      statusCode: 404,
      message: /No such container: nosuch/,
    })
    await assert.rejects(docker.createContainer({ Image: 'nosuch' }), {
      statusCode: 404,
      message: /No such image: nosuch:latest/,
    })
    await assert.rejects(docker.createContainer({ Image: 'busybox', name: '!' }), { statusCode: 400 })
  })

  test('networks and volumes', async () => {
    const network = await docker.createNetwork({ Name: 'from-dockerode', Labels: { a: 'b' } })
    assert.equal((await network.inspect()).Driver, 'bridge')
    await docker.createVolume({ Name: 'from-dockerode' })
    assert.match(
      (await docker.getVolume('from-dockerode').inspect()).Mountpoint,
      /volumes\/from-dockerode\/_data$/,
    )
    await network.remove()
    await docker.getVolume('from-dockerode').remove()
  })

  test('ping, version, info', async () => {
    assert.equal(String(await docker.ping()), 'OK')
    assert.equal((await docker.version()).ApiVersion, '1.55')
    assert.equal((await docker.info()).OSType, 'linux')
  })
})
