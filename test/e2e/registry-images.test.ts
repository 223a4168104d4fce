/** Pull and push against a real registry, through both commands and a proxy that spoils answers. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chmod, chown, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { suite, test } from 'node:test'
import {
  createRegistries,
  type Digest,
  defaultRegistryConfig,
  digestOf,
  entryHeader,
  hexOf,
  parseManifest,
  parseReference,
  tarOf,
} from '@gantry/oci'
import { getXattr, setXattr } from '@gantry/syscall'
import { startFaultProxy } from '../registry/fault-proxy.ts'
import { startRegistry, type TestRegistry } from '../registry/registry.ts'
import { run, suiteDaemon, type TestDaemon, until } from './harness.ts'

/** An image of two layers, one of them of `size` bytes that do not compress, pushed as `name`. */
async function pushImage(daemon: TestDaemon, name: string, size: number): Promise<string> {
  const folder = `${daemon.root}/layers`
  const layout = `${folder}/layout`
  await rm(folder, { recursive: true, force: true })
  await mkdir(`${folder}/b`, { recursive: true })
  await writeFile(`${folder}/large`, randomBytes(size))
  const small = `${folder}/b/small`
  await writeFile(small, 'small')
  await chown(small, 7, 8)
  setXattr(Buffer.from(small), 'user.note', Buffer.from('x'))
  await chmod(small, 0o4755)
  await symlink('/large', `${folder}/b/link`)
  const script = [
    `umoci init --layout ${layout} && umoci new --image ${layout}:t`,
    `umoci insert --image ${layout}:t ${folder}/large /large`,
    `umoci insert --image ${layout}:t ${folder}/b /b`,
    `skopeo copy -q --dest-tls-verify=false oci:${layout}:t docker://${name}`,
  ].join(' && ')
  const made = await run('sh', ['-c', script])
  await rm(folder, { recursive: true })
  assert.equal(made.exitCode, 0, made.stderr)
  const { stdout } = await run('skopeo', [
    'inspect',
    '--tls-verify=false',
    '--format',
    '{{.Digest}}',
    `docker://${name}`,
  ])
  return stdout.trim()
}

/** GETs of blobs in what the registry logged. */
const blobGets = (log: readonly string[]): string[] =>
  log.filter((line) => /"GET \/v2\/[^"]*\/blobs\//.test(line))

const remove = (daemon: TestDaemon, ...names: string[]) => daemon.gantry(['rmi', '-f', ...names])

const partials = (daemon: TestDaemon) => readdir(`${daemon.root}/data/content/partial`)

async function largePartial(daemon: TestDaemon, bytes: number): Promise<boolean> {
  for (const name of await partials(daemon)) {
    const found = await stat(`${daemon.root}/data/content/partial/${name}`).catch(() => null)
    if (found && found.size >= bytes) return true
  }
  return false
}

suite('images and registries', () => {
  const daemon = suiteDaemon({ busybox: false })
  let registry: TestRegistry
  const start = async () => {
    registry ??= await startRegistry()
    return registry
  }
  test.after(() => registry?.stop())
  const registries = createRegistries(defaultRegistryConfig)
  test.after(() => registries.close())

  test('what skopeo pushed, both commands pull; pushed on unchanged it keeps its digest', async () => {
    const { host, log } = await start()
    const digest = await pushImage(daemon(), `${host}/team/app:v1`, 300_000)
    const first = await daemon().gantry(['pull', `${host}/team/app:v1`])
    assert.match(first.stdout, /^v1: Pulling from team\/app\n[0-9a-f]{12}: Pulling fs layer\n/)
    assert.match(first.stdout, /: Verifying Checksum\n[0-9a-f]{12}: Download complete\n/)
    assert.ok(
      first.stdout.endsWith(
        `Digest: ${digest}\nStatus: Downloaded newer image for ${host}/team/app:v1\n${host}/team/app:v1\n`,
      ),
    )
    const from = log.length
    const second = await daemon().docker(['pull', `${host}/team/app:v1`])
    assert.match(second.stdout, /Status: Image is up to date/)
    assert.deepEqual(
      log
        .slice(from)
        .filter(
          (line) => /"GET \/v2\/team/.test(line) && !/\/v2\/team\/app\/(manifests|referrers)\//.test(line),
        ),
      [],
    )

    for (const [command, tag] of [
      ['gantry', 'one'],
      ['docker', 'two'],
    ] as const) {
      const target = `${host}/copy/app:${tag}`
      await daemon().gantry(['tag', `${host}/team/app:v1`, target])
      const pushed = await daemon()[command](['push', target])
      assert.equal(pushed.exitCode, 0, pushed.stderr)
      assert.match(pushed.stdout, tag === 'one' ? /: Mounted from team\/app\n/ : /: Layer already exists\n/)
      assert.match(pushed.stdout, new RegExp(`${tag}: digest: ${digest} size: \\d+\\n`))
    }
    const inspected = await daemon().gantry([
      'image',
      'inspect',
      '--format',
      '{{json .RepoDigests}}',
      `${host}/copy/app:one`,
    ])
    assert.deepEqual(JSON.parse(inspected.stdout), [
      `${host}/copy/app@${digest}`,
      `${host}/team/app@${digest}`,
    ])
  })

  test('files come through with owners, modes, links and attributes', async () => {
    const { host } = await start()
    const inspected = await daemon().gantry([
      'image',
      'inspect',
      '--format',
      '{{.GraphDriver.Data.UpperDir}}',
      `${host}/team/app:v1`,
    ])
    const top = inspected.stdout.trim()
    const shown = await run('stat', ['-c', '%a %u:%g %N', `${top}/b/small`, `${top}/b/link`])
    assert.equal(shown.stdout, `4755 7:8 '${top}/b/small'\n777 0:0 '${top}/b/link' -> '/large'\n`)
    assert.equal(getXattr(Buffer.from(`${top}/b/small`), 'user.note')?.toString(), 'x')
  })

  test('an index is kept whole: another platform joins, and all of it is pushed on', async () => {
    const { host } = await start()
    await daemon().gantry(['pull', 'hello-world'])
    await daemon().gantry(['tag', 'hello-world', `${host}/hello:all`])
    const pushed = await daemon().gantry(['push', '-q', `${host}/hello:all`])
    assert.deepEqual(pushed, { stdout: `${host}/hello:all\n`, stderr: '', exitCode: 0 })
    await remove(daemon(), `${host}/hello:all`, 'hello-world')
    const refused = await daemon().docker(['pull', '--platform', 'linux/s390x', `${host}/hello:all`])
    assert.match(refused.stderr, /no matching manifest for linux\/s390x in the manifest list entries/)
    for (const platform of ['linux/amd64', 'linux/arm64']) {
      const pulled = await daemon().gantry(['pull', '-q', '--platform', platform, `${host}/hello:all`])
      assert.equal(pulled.exitCode, 0, pulled.stderr)
      const id = await daemon().gantry([
        'create',
        '--platform',
        platform,
        '--pull',
        'never',
        `${host}/hello:all`,
      ])
      assert.equal(id.exitCode, 0, id.stderr)
      await daemon().gantry(['rm', id.stdout.trim()])
    }
    await daemon().gantry(['tag', `${host}/hello:all`, `${host}/again:all`])
    const again = await daemon().gantry(['push', `${host}/again:all`])
    assert.equal(again.exitCode, 0, again.stderr)
    const [was, is] = await Promise.all(
      ['hello', 'again'].map((name) =>
        run('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${host}/${name}:all`]),
      ),
    )
    assert.equal(is?.stdout, was?.stdout)

    // What was pushed of one platform is known by its digest, which goes with the repository's last tag.
    for (const args of [
      ['tag', `${host}/again:all`, `${host}/again:arm`],
      ['push', '-q', '--platform', 'linux/arm64', `${host}/again:arm`],
      ['rmi', `${host}/again:all`, `${host}/again:arm`],
    ]) {
      const { exitCode, stderr } = await daemon().gantry(args)
      assert.equal(exitCode, 0, stderr)
    }
    assert.equal((await daemon().gantry(['images', '-q', '--digests', `${host}/again`])).stdout, '')
  })

  test('one platform of an image is shown, saved and loaded', async () => {
    await daemon().gantry(['pull', 'hello-world'])
    const archive = `${daemon().root}/arm.tar`
    const arm = ['--platform', 'linux/arm64']
    for (const command of ['gantry', 'docker'] as const) {
      const shown = ['image', 'inspect', '--format', '{{.Architecture}}', 'hello-world']
      assert.equal(
        (await daemon()[command]([...shown.slice(0, 2), ...arm, ...shown.slice(2)])).stdout,
        'arm64\n',
      )
      const saved = await daemon()[command](['save', ...arm, '-o', archive, 'hello-world'])
      assert.equal(saved.exitCode, 0, saved.stderr)
      await remove(daemon(), 'hello-world')
      const refused = await daemon()[command](['load', '--platform', 'linux/s390x', '-i', archive])
      assert.match(refused.stderr, /no image for platform linux\/s390x/)
      assert.equal(
        (await daemon()[command](['load', '-i', archive])).stdout,
        'Loaded image: hello-world:latest\n',
      )
      assert.equal((await daemon()[command](shown)).stdout, 'arm64\n')
      await remove(daemon(), 'hello-world')
      await daemon().gantry(['pull', 'hello-world'])
    }
    const tree = await daemon().gantry(['images', '--tree'])
    assert.match(tree.stdout, /hello-world:latest .*\n├─ linux\/amd64 .*\n└─ linux\/arm64 /)
  })

  test('layers made here go to registries compressed, once; the image is known again by its digest', async () => {
    const { host } = await start()
    const content = Buffer.alloc(300_000, 'words ')
    const input = await tarOf([
      { header: entryHeader({ name: 'file', type: 'file', size: content.length }), content: [content] },
    ])
    const names = ['gantry', 'docker'].map((name) => `${host}/made/${name}:1`)
    const [name = '', other = ''] = names
    assert.equal((await daemon().gantry(['import', '-', name], { input })).exitCode, 0)
    const pushed = await daemon().gantry(['push', name])
    assert.equal(pushed.exitCode, 0, pushed.stderr)
    assert.match(pushed.stdout, /: Compressing\n(.*\n)*.*: Pushed\n/)
    const digest = /digest: (\S+) size/.exec(pushed.stdout)?.[1] ?? ''
    const raw = await run('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${name}`])
    const [layer] = (JSON.parse(raw.stdout) as { layers: { mediaType: string; size: number }[] }).layers
    assert.equal(layer?.mediaType, 'application/vnd.oci.image.layer.v1.tar+gzip')
    assert.ok(layer.size < 20_000)

    for (const command of ['gantry', 'docker'] as const) {
      const again = await daemon()[command](['push', name])
      assert.match(again.stdout, /: Layer already exists\n/)
      assert.doesNotMatch(again.stdout, /Compressing/)
      assert.ok(again.stdout.includes(`digest: ${digest} `), again.stdout)
      assert.match((await daemon()[command](['pull', name])).stdout, /Status: Image is up to date/)
    }
    // An image with the same layer: that is compressed already.
    await daemon().gantry(['import', '--change', 'LABEL other=1', '-', other], { input })
    const shared = await daemon().docker(['push', other])
    assert.equal(shared.exitCode, 0, shared.stderr)
    assert.doesNotMatch(shared.stdout, /Compressing/)
    assert.match(shared.stdout, /: Mounted from made\/gantry\n/)

    const inspect = ['image', 'inspect', '--format', '{{.Id}} {{json .RepoDigests}}', name]
    const before = await daemon().gantry(inspect)
    assert.ok(before.stdout.endsWith(` ["${host}/made/gantry@${digest}"]\n`), before.stdout)
    // Of a new image all layers are told of, also when they are here.
    const id = (await daemon().gantry(['images', '-q', other])).stdout.trim()
    const gone = await daemon().gantry(['rmi', '-f', id])
    const told = gone.stdout.match(/^Untagged: .*$/gm) ?? []
    assert.deepEqual(
      told.map((line) => line.includes('@')),
      [false, true],
    )
    const known = await daemon().gantry(['pull', other])
    assert.match(known.stdout, /^1: Pulling from .*\n[0-9a-f]{12}: Already exists\nDigest: /)
    await remove(daemon(), ...names)
    assert.equal((await daemon().docker(['pull', '-q', name])).exitCode, 0)
    assert.deepEqual(await daemon().gantry(inspect), before)
    await remove(daemon(), name)

    // What only a digest names counts as dangling, with Docker.
    const pinned = `${host}/made/gantry@${digest}`
    assert.equal((await daemon().docker(['pull', '-q', pinned])).exitCode, 0)
    for (const value of ['true', 'false']) {
      const shown = ['--digests', '--format', '{{.Repository}}@{{.Digest}}', '-f', `dangling=${value}`]
      assert.equal((await daemon().gantry(['images', ...shown, `${host}/made/gantry`])).stdout, `${pinned}\n`)
    }
    const pruned = await daemon().gantry(['image', 'prune', '-f'])
    assert.match(pruned.stdout, /^Deleted Images:\nuntagged: .*@sha256:.*\ndeleted: /)
  })

  test('an index that was built here goes compressed as a whole, and what is said of its images with it', async () => {
    const { host } = await start()
    const [context, name, other] = [`${daemon().root}/context`, `${host}/built/all:1`, 'built:other']
    await mkdir(context)
    await writeFile(`${context}/Dockerfile`, 'FROM scratch\nCOPY words /\n')
    await writeFile(`${context}/words`, Buffer.alloc(300_000, 'words '))
    const platforms = ['--platform', 'linux/amd64,linux/arm64']
    const built = await daemon().gantry([
      ...['build', '-q', ...platforms, '--provenance=mode=min', '-t', name, '-t', other, context],
    ])
    assert.equal(built.exitCode, 0, built.stderr)
    const first = await daemon().gantry(['push', name])
    assert.equal(first.exitCode, 0, first.stderr)
    assert.equal(first.stdout.match(/: Compressing\n/g)?.length, 1, first.stdout)
    const digest = /digest: (\S+) size/.exec(first.stdout)?.[1] ?? ''
    const second = await daemon().docker(['push', name])
    assert.doesNotMatch(second.stdout, /Compressing/)
    assert.ok(second.stdout.includes(`digest: ${digest} `), second.stdout)
    assert.match((await daemon().gantry(['pull', name])).stdout, /Status: Image is up to date/)

    const repository = registries.repository(parseReference(name), { action: 'pull' })
    const read = async (wanted: string) => {
      const { bytes } = await repository.manifest(wanted)
      const body = parseManifest(bytes)
      assert.equal(body.kind, wanted === digest ? 'index' : 'manifest')
      return body
    }
    const index = await read(digest)
    const members = index.kind === 'index' ? index.manifests : []
    assert.equal(members.length, 4)
    for (const [at, member] of members.entries()) {
      const manifest = await read(member.digest)
      const [layer] = manifest.kind === 'manifest' ? manifest.layers : []
      assert.ok(layer)
      if (at < 2) {
        assert.equal(layer.mediaType, 'application/vnd.oci.image.layer.v1.tar+gzip')
        assert.ok(layer.size < 20_000)
        continue
      }
      const subject = members[at - 2]?.digest ?? ''
      assert.equal(member.annotations?.['vnd.docker.reference.digest'], subject)
      const statement = JSON.parse((await buffer((await repository.blob(layer)).stream)).toString())
      assert.deepEqual(statement.subject[0].digest, { sha256: hexOf(subject as Digest) })
    }

    await remove(daemon(), name, other)
    assert.equal((await daemon().gantry(['pull', '-q', '--platform', 'linux/arm64', name])).exitCode, 0)
    await remove(daemon(), name)
  })

  test('what images share is told', async () => {
    const input = await tarOf([
      { header: entryHeader({ name: 'file', type: 'file', size: 1000 }), content: [Buffer.alloc(1000)] },
    ])
    for (const label of ['a', 'b']) {
      const args = ['import', '--change', `LABEL ${label}=1`, '-', `shared:${label}`]
      assert.equal((await daemon().gantry(args, { input })).exitCode, 0)
    }
    const { body } = await daemon().api('GET', '/images/json?shared-size=1')
    const sizes = (body as { SharedSize: number; RepoTags: string[] }[])
      .filter(({ RepoTags: [tag = ''] }) => tag.startsWith('shared:'))
      .map(({ SharedSize }) => SharedSize)
    assert.deepEqual(sizes, [1000, 1000])
    for (const command of ['gantry', 'docker'] as const) {
      const usage = await daemon()[command](['system', 'df', '-v'])
      assert.match(usage.stdout, /^shared +a .* 1kB +1kB +0B +0$/m)
    }
    await remove(daemon(), 'shared:a', 'shared:b')
  })

  test('a cut connection is gone on with, and a wrong byte is no layer', async () => {
    const { url, host } = await start()
    await pushImage(daemon(), `${host}/cut:1`, 1_500_000)
    const blobs = /\/blobs\//
    const proxy = await startFaultProxy(url, [{ path: blobs, fault: { kind: 'cut', after: 800_000 } }])
    try {
      const pulled = await daemon().gantry(['pull', `${proxy.host}/cut:1`])
      assert.equal(pulled.exitCode, 0, pulled.stderr)
      assert.match(pulled.stdout, /Retrying in 1 second\n/)
      assert.ok(proxy.requests.some(({ headers }) => /^bytes=[1-9]/.test(headers.range ?? '')))
      await remove(daemon(), `${proxy.host}/cut:1`)
      proxy.rules = [{ path: blobs, fault: { kind: 'corrupt', at: 300_000 } }]
      const spoilt = await daemon().docker(['pull', `${proxy.host}/cut:1`])
      assert.equal(spoilt.exitCode, 1)
      assert.match(spoilt.stderr, /filesystem layer verification failed for digest sha256:[0-9a-f]{64}/)
      // The layer that came whole is there for the next try, and nothing of the other.
      for (const name of await partials(daemon())) {
        const kept = await readFile(`${daemon().root}/data/content/partial/${name}`)
        assert.equal(digestOf(kept), `sha256:${name}`)
      }
      proxy.rules = []
      assert.equal((await daemon().gantry(['pull', '-q', `${proxy.host}/cut:1`])).exitCode, 0)
      await remove(daemon(), `${proxy.host}/cut:1`)
    } finally {
      await proxy.stop()
    }
  })

  test('a client that goes stops the pull; the next one goes on where it was, once for two', async () => {
    const { url, host, log } = await start()
    await pushImage(daemon(), `${host}/slow:1`, 1_000_000)
    const slow = { path: /\/blobs\//, fault: { kind: 'slow', bytesPerSecond: 400_000 } } as const
    const proxy = await startFaultProxy(url, [slow])
    try {
      const name = `${proxy.host}/slow:1`
      const call = request({
        socketPath: daemon().socket,
        method: 'POST',
        path: `/images/create?fromImage=${proxy.host}/slow&tag=1`,
      })
      call.on('error', () => {})
      call.on('response', (answer) => answer.resume())
      call.end()
      await until('half a layer', () => largePartial(daemon(), 200_000))
      call.destroy()
      const { length } = proxy.requests
      proxy.rules = []
      const from = log.length
      const [one, two] = await Promise.all([daemon().gantry(['pull', name]), daemon().docker(['pull', name])])
      assert.equal(one.exitCode + two.exitCode, 0, one.stderr + two.stderr)
      const ranges = proxy.requests.slice(length).filter(({ headers }) => headers.range !== undefined)
      assert.equal(ranges.length, 1)
      const gets = blobGets(log.slice(from)).map((line) => /sha256:[0-9a-f]{64}/.exec(line)?.[0])
      const layers = gets.filter((digest, index) => gets.indexOf(digest) !== index)
      // Configurations are small: each pull has its own.
      assert.ok(new Set(layers).size <= 1, `fetched twice: ${layers}`)
      await remove(daemon(), name)
    } finally {
      await proxy.stop()
    }
  })

  test('refusals have the words of Docker', async () => {
    const { host } = await start()
    const refusals = [
      [
        ['pull', `${host}/team/app:none`],
        `manifest for ${host}/team/app:none not found: manifest unknown: manifest unknown`,
      ],
      [
        ['pull', '-a', `${host}/none`],
        `repository ${host}/none not found: name unknown: repository name not known to registry`,
      ],
      [['push', `${host}/none:1`], `An image does not exist locally with the tag: ${host}/none`],
      [['push', `${host}/team/app:none`], `tag does not exist: ${host}/team/app:none`],
      [['pull', '-a', `${host}/team/app:v1`], "tag can't be used with --all-tags/-a"],
    ] as const
    for (const [args, words] of refusals) {
      const [ours, theirs] = await Promise.all([daemon().gantry(args), daemon().docker(args)])
      assert.ok(ours.stderr.includes(words), ours.stderr)
      assert.equal(ours.exitCode, theirs.exitCode)
      assert.ok(theirs.stderr.includes(words), theirs.stderr)
    }
  })
})
