/** Images between Gantry, other tools and registries that misbehave; disks that are full; filters. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chmod, chown, link, mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { suite, type TestContext, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { gzipSync } from 'node:zlib'
import { type Descriptor, digestOf, entryHeader, hexOf, mediaTypes, parseReference, tarOf } from '@gantry/oci'
import { getXattr, mount, setXattr, unmount } from '@gantry/syscall'
import { startFaultProxy } from '../registry/fault-proxy.ts'
import { descriptorOf, manifestBytes, registriesFor, sourceOf, startStub } from '../registry/fixtures.ts'
import { startRegistry } from '../registry/registry.ts'
import { run, suiteDaemon, until } from './harness.ts'
import { changedRootfs } from './images.ts'

const commands = ['gantry', 'docker'] as const

const layerOf = (name: string, content: Buffer): Promise<Buffer> =>
  tarOf([{ header: entryHeader({ name, type: 'file', size: content.length }), content: [content] }])

const hostArchitecture = process.arch === 'arm64' ? 'arm64' : 'amd64'

function configOf(layers: readonly Buffer[], architecture = hostArchitecture): Buffer {
  const file = {
    os: 'linux',
    architecture,
    config: { Cmd: ['true'] },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => digestOf(layer)) },
  }
  return Buffer.from(JSON.stringify(file))
}

/** Pushes an image of these uncompressed layers; returns its manifest. */
async function push(
  t: TestContext,
  name: string,
  layers: readonly Buffer[],
  architecture?: string,
): Promise<Descriptor> {
  const reference = parseReference(name)
  const repository = registriesFor(t).repository(reference, { action: 'push' })
  const config = configOf(layers, architecture)
  const descriptors = layers.map((layer) => gzipSync(layer, { level: 1 }))
  for (const bytes of [config, ...descriptors])
    await repository.uploadBlob(descriptorOf(bytes), sourceOf(bytes))
  const bytes = manifestBytes(
    descriptorOf(config, mediaTypes.ociConfig),
    descriptors.map((layer) => descriptorOf(layer, 'application/vnd.oci.image.layer.v1.tar+gzip')),
  )
  await repository.putManifest(reference.tag ?? '', { mediaType: mediaTypes.ociManifest, bytes })
  return descriptorOf(bytes, mediaTypes.ociManifest)
}

suite('images from and to elsewhere', () => {
  const daemon = suiteDaemon({ busybox: true })

  const ok = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await daemon().gantry(args)
    assert.equal(exitCode, 0, `${args.join(' ')}: ${stderr}`)
    return stdout
  }
  const stored = async () => (await readdir(`${daemon().root}/data/content/blobs/sha256`)).sort()
  const layerTrees = async () => (await readdir(`${daemon().root}/data/layers`)).sort()

  test('a push goes on after connections that were cut', async (t) => {
    const registry = await startRegistry({}, t)
    const once = { fault: { kind: 'cut', after: 0 }, times: 1 } as const
    const proxy = await startFaultProxy(
      registry.url,
      [
        { method: 'POST', ...once },
        { method: 'PATCH', ...once },
        { method: 'PUT', ...once },
      ],
      t,
    )
    const file = `${daemon().root}/large.tar`
    await writeFile(file, await layerOf('large', randomBytes(3_000_000)))
    for (const command of commands) {
      const name = `${proxy.host}/${command}:1`
      await ok('import', file, name)
      const { exitCode, stderr } = await daemon()[command](['push', '-q', name])
      assert.equal(exitCode, 0, stderr)
      await ok('rmi', name)
      await ok('pull', '-q', `${registry.host}/${command}:1`)
      await ok('rmi', `${registry.host}/${command}:1`)
    }
    assert.ok(proxy.rules.every(({ times }) => times === 1))
  })

  test('two images that share a layer are pulled at the same time, the layer once', async (t) => {
    const registry = await startRegistry({}, t)
    const shared = await layerOf('shared', randomBytes(2_000_000))
    const names = ['one', 'two'].map((name) => `${registry.host}/${name}:1`)
    for (const name of names) await push(t, name, [shared, await layerOf(name, Buffer.from(name))])
    const slow = await startFaultProxy(
      registry.url,
      [{ method: 'GET', path: /\/blobs\//, fault: { kind: 'slow', bytesPerSecond: 2_000_000 } }],
      t,
    )
    const pulled = names.map((name) => name.replace(registry.host, slow.host))
    await Promise.all(pulled.map((name) => ok('pull', '-q', name)))
    const digest = digestOf(gzipSync(shared, { level: 1 }))
    const gets = slow.requests.filter(({ method, path }) => method === 'GET' && path.includes(digest))
    assert.equal(gets.length, 1)
    await ok('rmi', ...pulled)
  })

  test('manifests that are no images for this machine are refused, and nothing of them stays', async (t) => {
    const config = configOf([])
    const configDescriptor = descriptorOf(config, mediaTypes.ociConfig)
    const layer = descriptorOf(Buffer.from('layer'))
    const foreign = { ...layer, mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip' }
    const other = {
      ...descriptorOf(config, mediaTypes.ociManifest),
      platform: { os: 'linux', architecture: 's390x' },
    }
    const long = { ...layer, digest: `sha512:${'a'.repeat(128)}` }
    const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [other] }
    const schema1 = { schemaVersion: 1, name: 'x', tag: 'y', fsLayers: [], history: [] }
    const manifests: Record<string, [type: string, bytes: Buffer | string, expected: RegExp]> = {
      schema1: [
        'application/vnd.docker.distribution.manifest.v1+prettyjws',
        JSON.stringify(schema1),
        /manifest version 2, schema 1 support has been removed/,
      ],
      foreign: [
        mediaTypes.ociManifest,
        manifestBytes(configDescriptor, [foreign]),
        /foreign layer sha256:[0-9a-f]{64} is not downloaded/,
      ],
      platform: [
        mediaTypes.ociIndex,
        JSON.stringify(index),
        /no matching manifest for linux\/\w+ in the manifest list entries/,
      ],
      sha512: [
        mediaTypes.ociManifest,
        manifestBytes(configDescriptor, [long as Descriptor]),
        /unsupported digest algorithm sha512/,
      ],
    }
    const registry = await startStub(t, (_request, response, path) => {
      const [, tag = ''] = /\/manifests\/(\w+)$/.exec(path) ?? []
      const [type, bytes] = manifests[tag] ?? []
      if (type) return void response.setHeader('Content-Type', type).end(bytes)
      if (path.endsWith(configDescriptor.digest)) return void response.end(config)
      response.writeHead(path === '/v2/' ? 200 : 404).end()
    })
    const before = [await stored(), await layerTrees()]
    for (const [tag, [, , expected]] of Object.entries(manifests)) {
      for (const command of commands) {
        const { exitCode, stderr } = await daemon()[command](['pull', `${registry.host}/app:${tag}`])
        assert.equal(exitCode, 1, tag)
        assert.match(stderr, expected)
      }
    }
    assert.deepEqual([await stored(), await layerTrees()], before)
  })

  test('what an index says about its image is pulled and pushed along', async (t) => {
    const registry = await startRegistry({}, t)
    const image = await push(t, `${registry.host}/from:plain`, [await layerOf('a', Buffer.from('a'))])
    const repository = registriesFor(t).repository(parseReference(`${registry.host}/from:all`), {
      action: 'push',
    })
    const statement = Buffer.from('{"predicateType":"https://slsa.dev/provenance/v1"}')
    const config = Buffer.from('{}')
    for (const bytes of [statement, config]) await repository.uploadBlob(descriptorOf(bytes), sourceOf(bytes))
    const attestation = manifestBytes(descriptorOf(config, mediaTypes.ociConfig), [
      descriptorOf(statement, 'application/vnd.in-toto+json'),
    ])
    const put = (tag: string, mediaType: string, bytes: Buffer) =>
      repository.putManifest(tag, { mediaType, bytes })
    const { digest } = descriptorOf(attestation)
    await put(digest, mediaTypes.ociManifest, attestation)
    const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'
    const annotations = {
      'vnd.docker.reference.type': 'attestation-manifest',
      'vnd.docker.reference.digest': image.digest,
    }
    const manifests = [
      { ...image, platform: { os: 'linux', architecture } },
      {
        ...descriptorOf(attestation, mediaTypes.ociManifest),
        platform: { os: 'unknown', architecture: 'unknown' },
        annotations,
      },
    ]
    const index = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests })
    await put('all', mediaTypes.ociIndex, Buffer.from(index))
    await ok('pull', '-q', `${registry.host}/from:all`)
    await ok('tag', `${registry.host}/from:all`, `${registry.host}/to:all`)
    await ok('push', '-q', `${registry.host}/to:all`)
    const raw = async (name: string) =>
      (await run('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${registry.host}/${name}`]))
        .stdout
    assert.equal(await raw('to:all'), index)
    assert.equal(await raw(`to@${digest}`), attestation.toString())
    await ok('rmi', `${registry.host}/from:all`, `${registry.host}/to:all`)
  })

  test('what names an image as its subject is pulled and pushed along, and what only claims to is not', async (t) => {
    const [from, to] = [await startRegistry({}, t), await startRegistry({}, t)]
    const name = `${from.host}/signed:1`
    const repositoryOf = (text: string) =>
      registriesFor(t).repository(parseReference(text), { action: 'push' })
    const source = repositoryOf(name)
    const empty = Buffer.from('{}')
    const describe = async (subject: Descriptor | undefined, content: string): Promise<Descriptor> => {
      const layer = Buffer.from(content)
      for (const bytes of [empty, layer]) await source.uploadBlob(descriptorOf(bytes), sourceOf(bytes))
      const bytes = manifestBytes(
        descriptorOf(empty, 'application/vnd.oci.empty.v1+json'),
        [descriptorOf(layer, 'text/plain')],
        { artifactType: 'application/vnd.example', ...(subject && { subject }) },
      )
      return await source.putManifest(digestOf(bytes), { mediaType: mediaTypes.ociManifest, bytes })
    }
    const before = [await stored(), await layerTrees()]
    const image = await push(t, name, [await layerOf('signed', Buffer.from('x'))])
    const bill = await describe(image, 'bill of materials')
    const signature = await describe(bill, 'signature of the bill')
    const stranger = await describe(undefined, 'about nothing')
    const misstated = await describe(image, 'of another size than the list says')
    const listed = (await source.referrers(image.digest)).map((each) =>
      each.digest === misstated.digest ? { ...each, size: each.size + 1 } : each,
    )
    const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [...listed, stranger] }
    const tag = image.digest.replace(':', '-')
    await source.putManifest(tag, {
      mediaType: mediaTypes.ociIndex,
      bytes: Buffer.from(JSON.stringify(index)),
    })
    const digests = (found: Descriptor[]) => found.map(({ digest }) => digest)
    for (const command of commands) {
      const copy = `${to.host}/copy-${command}:1`
      for (const args of [
        ['pull', '-q', name],
        ['tag', name, copy],
        ['push', '-q', copy],
      ]) {
        const { exitCode, stderr } = await daemon()[command](args)
        assert.equal(exitCode, 0, stderr)
      }
      const target = repositoryOf(copy)
      assert.deepEqual(digests(await target.referrers(image.digest)), [bill.digest])
      assert.deepEqual(digests(await target.referrers(bill.digest)), [signature.digest])
      const { bytes } = await target.manifest(bill.digest)
      assert.match(bytes.toString(), /application\/vnd\.example/)
      await ok('rmi', name, copy)
      assert.deepEqual([await stored(), await layerTrees()], before)
    }

    // Archives have it, too, for whoever reads image layouts.
    const archive = `${daemon().root}/signed.tar`
    await ok('pull', '-q', name)
    const saved = await stored()
    await ok('save', '-o', archive, name)
    await ok('rmi', name)
    assert.equal(await ok('load', '-i', archive), `Loaded image: ${name}\n`)
    assert.deepEqual(await stored(), saved)
    const loaded = `${to.host}/loaded:1`
    await ok('tag', name, loaded)
    await ok('push', '-q', loaded)
    const target = repositoryOf(loaded)
    assert.deepEqual(digests(await target.referrers(image.digest)), [bill.digest])
    assert.deepEqual(digests(await target.referrers(bill.digest)), [signature.digest])
    for (const transport of [`docker-archive:${archive}`, `oci-archive:${archive}`]) {
      const read = await run('skopeo', ['inspect', transport])
      assert.equal(read.exitCode, 0, read.stderr)
    }
    await ok('rmi', name, loaded)
    assert.deepEqual([await stored(), await layerTrees()], before)

    // What is said about an image that is here comes with the next pull, which finds nothing else.
    await ok('pull', '-q', name)
    const whole = await stored()
    const review = await describe(image, 'review')
    assert.match(await ok('pull', name), /Status: Image is up to date/)
    const reviewed = `${to.host}/reviewed:1`
    await ok('tag', name, reviewed)
    await ok('push', '-q', reviewed)
    const sent = digests(await repositoryOf(reviewed).referrers(image.digest))
    assert.deepEqual(sent.toSorted(), [bill.digest, review.digest].toSorted())
    await ok('rmi', reviewed)
    const holds = (blobs: readonly string[]) => async () =>
      isDeepStrictEqual(await stored(), blobs.toSorted()) ? true : null
    await until('the review', holds([...whole, hexOf(review.digest), hexOf(digestOf('review'))]))
    const again = await stored()
    assert.match(await ok('pull', name), /Status: Image is up to date/)
    assert.deepEqual(await stored(), again)
    await ok('rmi', name)
    await until('the end of what looks for more', holds(before[0] as string[]))
    assert.deepEqual(await layerTrees(), before[1])
  })

  test('a registry that refuses referrers gets the image all the same', async (t) => {
    const registry = await startRegistry({}, t)
    const name = `${registry.host}/signed:1`
    const image = await push(t, name, [await layerOf('signed', Buffer.from('y'))])
    const repository = registriesFor(t).repository(parseReference(name), { action: 'push' })
    const bytes = manifestBytes(descriptorOf(configOf([]), mediaTypes.ociConfig), [], { subject: image })
    await repository.uploadBlob(descriptorOf(configOf([])), sourceOf(configOf([])))
    const { digest } = await repository.putManifest(digestOf(bytes), {
      mediaType: mediaTypes.ociManifest,
      bytes,
    })
    const refusal = { kind: 'status', status: 400 } as const
    const proxy = await startFaultProxy(
      registry.url,
      [{ method: 'PUT', path: new RegExp(`/manifests/${digest}`), fault: refusal }],
      t,
    )
    await ok('pull', '-q', name)
    const copy = `${proxy.host}/copy:1`
    await ok('tag', name, copy)
    const pushed = await ok('push', copy)
    assert.match(pushed, /Referrer [0-9a-f]{12} of the image was refused: /)
    assert.match(pushed, new RegExp(`digest: ${image.digest} `))
    await ok('rmi', name, copy)
  })

  test('run --pull: always asks the registry, missing only without the image, never not at all', async (t) => {
    const registry = await startRegistry({}, t)
    const proxy = await startFaultProxy(registry.url, [], t)
    const name = `${proxy.host}/box:1`
    await ok('tag', 'busybox', name)
    await ok('push', '-q', name)
    const asked = async (...args: string[]) => {
      const from = proxy.requests.length
      const outcomes = []
      for (const command of commands) outcomes.push(await daemon()[command](args))
      // Not what is looked for behind the answer, under the digest.
      const manifests = proxy.requests.slice(from).filter(({ path }) => path.endsWith('/box/manifests/1'))
      return { outcomes, asked: manifests.length > 0 }
    }
    for (const [pull, isAsked] of [
      ['always', true],
      ['missing', false],
      ['never', false],
    ] as const) {
      const found = await asked('run', '--rm', '--pull', pull, name, 'true')
      assert.deepEqual(
        found.outcomes.map(({ exitCode }) => exitCode),
        [0, 0],
        found.outcomes.map(({ stderr }) => stderr).join(''),
      )
      assert.equal(found.asked, isAsked, pull)
    }
    await ok('rmi', name)
    const never = await asked('run', '--rm', '--pull', 'never', name, 'true')
    assert.equal(never.asked, false)
    for (const { exitCode, stderr } of never.outcomes) {
      assert.equal(exitCode, 125)
      assert.ok(stderr.includes(`No such image: ${name}`), stderr)
    }
    const missing = await asked('run', '--rm', '--pull', 'missing', name, 'true')
    assert.ok(missing.asked)
    assert.match(missing.outcomes[0]?.stderr ?? '', /Unable to find image .* locally/)
    for (const command of commands) {
      const { exitCode, stderr } = await daemon()[command](['run', '--pull', 'sometimes', name, 'true'])
      assert.equal(exitCode, 125)
      assert.match(stderr, /invalid pull option: 'sometimes': must be one of "always", "missing" or "never"/)
    }
    await ok('rmi', name)
  })

  test('an image that is for another platform only comes, with a warning, and does not run as what it is not', async (t) => {
    const registry = await startRegistry({}, t)
    const name = `${registry.host}/other:1`
    await push(t, name, [await layerOf('file', Buffer.from('x'))], 's390x')
    const mismatch = `image with reference ${name} was found but does not match the specified platform: wanted linux/riscv64, actual: linux/s390x`
    const unasked = `The requested image's platform (linux/s390x) does not match the detected host platform (linux/${hostArchitecture}) and no specific platform was requested`
    for (const command of commands) {
      const cli = (...args: string[]) => daemon()[command](args)
      for (const status of ['Downloaded newer image', 'Image is up to date']) {
        const pulled = await cli('pull', '--platform', 'linux/riscv64', name)
        assert.equal(pulled.exitCode, 0, pulled.stderr)
        assert.ok(
          pulled.stdout.includes(`Status: ${status} for ${name}\nWARNING: ${mismatch}\n`),
          pulled.stdout,
        )
      }
      const wrong = await cli('run', '--platform', 'linux/riscv64', name)
      assert.equal(wrong.exitCode, 125)
      assert.ok(wrong.stderr.includes(mismatch), wrong.stderr)
      const created = await cli('create', name)
      assert.equal(created.exitCode, 0)
      assert.equal(created.stderr, `WARNING: ${unasked}\n`)
      const asked = await cli('create', '--platform', 'linux/s390x', name)
      assert.equal(asked.stderr, '')
      await ok('rm', created.stdout.trim(), asked.stdout.trim())
      await ok('rmi', name)
    }
  })

  test('filters of lists and of prune', async () => {
    const file = `${daemon().root}/empty.tar`
    await writeFile(file, await layerOf('f', Buffer.from('f')))
    for (const [tag, label] of [
      ['filter:a', 'kind=one'],
      ['filter:b', 'kind=two'],
    ] as const)
      await ok('import', '-c', `LABEL ${label}`, file, tag)
    const dangling = (await ok('import', '-c', 'LABEL kind=none', file)).trim().replace('sha256:', '')
    const cases: [filters: string[], expected: string[]][] = [
      [['reference=filter:*'], ['filter:a', 'filter:b']],
      [['reference=filter'], ['filter:a', 'filter:b']],
      [
        ['reference=filter:a', 'reference=busybox'],
        ['busybox:latest', 'filter:a'],
      ],
      [['label=kind=one'], ['filter:a']],
      [
        ['label=kind', 'dangling=false'],
        ['filter:a', 'filter:b'],
      ],
      [['dangling=true'], ['<none>:<none>']],
      [['before=filter:b', 'reference=filter'], ['filter:a']],
      [['since=filter:a', 'reference=filter'], ['filter:b']],
      [['until=1h', 'reference=filter'], []],
      [['until=0s', 'label=kind=two'], ['filter:b']],
    ]
    for (const [filters, expected] of cases) {
      const args = [
        'images',
        '--format',
        '{{.Repository}}:{{.Tag}}',
        ...filters.flatMap((each) => ['-f', each]),
      ]
      for (const command of commands) {
        const { stdout, stderr } = await daemon()[command](args)
        assert.deepEqual(stdout.split('\n').filter(Boolean).sort(), expected, `${filters} ${stderr}`)
      }
    }
    for (const command of commands) {
      const { exitCode, stderr } = await daemon()[command](['images', '-f', 'nonsense=1'])
      assert.deepEqual([exitCode, /invalid filter 'nonsense'/i.test(stderr)], [1, true], stderr)
    }
    const tree = await ok('image', 'ls', '--tree')
    assert.match(tree, /^filter:a .*\n(?:.*\n)*[└├]─ linux\/\w+ /m)
    const prune = async (...args: string[]) =>
      (await ok('image', 'prune', '-f', ...args))
        .split('\n')
        .filter((line) => /^(untagged|deleted)/i.test(line))
    assert.deepEqual(await prune('--filter', 'until=1h'), [])
    assert.deepEqual(await prune('--filter', 'label!=kind'), [])
    assert.deepEqual(await prune('--filter', 'label=kind=one'), [], 'it has a name')
    assert.ok((await prune()).some((line) => line.includes(dangling)))
    assert.ok((await prune('-a', '--filter', 'label=kind=one')).some((line) => line.includes('filter:a')))
    assert.deepEqual(await ok('images', '-q', 'filter:a'), '')
    await ok('system', 'prune', '-f', '-a', '--filter', 'until=1h')
    assert.notEqual(await ok('images', '-q', 'filter:b'), '')
    await ok('system', 'prune', '-f', '-a', '--filter', 'label=kind')
    assert.deepEqual(await ok('images', '-q', 'filter:b'), '')
    assert.notEqual(await ok('images', '-q', 'busybox'), '')
    for (const command of commands) {
      const wrong = await daemon()[command](['image', 'prune', '-f', '--filter', 'nonsense=1'])
      assert.equal(wrong.exitCode, 1)
      assert.match(wrong.stderr, /invalid filter 'nonsense'/i)
    }
  })

  test('skopeo and umoci read what Gantry writes and the reverse, file by file', async (t) => {
    const directory = await mkdtemp('/tmp/gantry-e2e-exchange-')
    t.after(() => rm(directory, { recursive: true, force: true }))
    const rootfs = await changedRootfs(makeEverything)
    await writeFile(`${directory}/rootfs.tar`, rootfs)
    const sh = async (script: string) => {
      const { exitCode, stderr } = await run('sh', ['-ec', script])
      assert.equal(exitCode, 0, `${script}: ${stderr}`)
    }
    await sh(
      `mkdir ${directory}/original && tar -C ${directory}/original -xpf ${directory}/rootfs.tar --xattrs --xattrs-include='*'`,
    )
    for (const each of ['dev/zero-like', 'every/capable']) await restoreXattrs(`${directory}/original`, each)
    const expected = await describeTree(`${directory}/original`)
    const name = 'exchange:1'
    const unpackedTop = async () =>
      (await ok('image', 'inspect', '--format', '{{.GraphDriver.Data.UpperDir}}', name)).trim()

    // Written by umoci, by way of skopeo, in both formats; read by Gantry.
    await sh(`umoci init --layout ${directory}/oci && umoci new --image ${directory}/oci:t`)
    await sh(`umoci insert --image ${directory}/oci:t ${directory}/original /`)
    await sh(`skopeo copy -q oci:${directory}/oci:t docker-archive:${directory}/docker.tar:${name}`)
    await sh(`tar -C ${directory}/oci -cf ${directory}/oci.tar .`)
    await ok('load', '-q', '-i', `${directory}/docker.tar`)
    assert.deepEqual(await describeTree(await unpackedTop()), expected)
    await ok('rmi', name)
    await ok('load', '-q', '-i', `${directory}/oci.tar`)

    // Written by Gantry, saved and pushed; read by skopeo and umoci.
    const registry = await startRegistry({}, t)
    await ok('load', '-q', '-i', `${directory}/docker.tar`)
    await ok('save', '-o', `${directory}/saved.tar`, name, 'busybox')
    await ok('tag', name, `${registry.host}/${name}`)
    await ok('push', '-q', `${registry.host}/${name}`)
    await ok('rmi', name, `${registry.host}/${name}`)
    const sources = [
      `docker-archive:${directory}/saved.tar:docker.io/library/${name}`,
      `docker://${registry.host}/${name}`,
    ]
    for (const [at, source] of sources.entries()) {
      const target = `${directory}/read-${at}`
      await sh(`skopeo copy -q --src-tls-verify=false ${source} oci:${target}:t`)
      await sh(`umoci unpack --image ${target}:t ${target}-bundle`)
      assert.deepEqual(await describeTree(`${target}-bundle/rootfs`), expected, source)
    }
    // Docker's command against our load: both images of the archive.
    const { stdout, stderr } = await daemon().docker(['load', '-i', `${directory}/saved.tar`])
    assert.match(stdout, /Loaded image: exchange:1/, stderr)
    assert.match(stdout, /Loaded image: busybox:latest/)
    assert.deepEqual(await describeTree(await unpackedTop()), expected)
    await ok('rmi', name)
  })

  test('what is no archive is refused in words, however much of it is still to come', async () => {
    const file = `${daemon().root}/noise`
    await writeFile(file, randomBytes(4_000_000))
    for (const command of commands)
      for (const [args, input] of [
        [['load', '-i', file], ''],
        [['load'], randomBytes(2_000_000)],
        [['import', file], ''],
      ] as const) {
        const { exitCode, stderr } = await daemon()[command]([...args], { input })
        assert.deepEqual([exitCode, /archive\/tar: invalid tar header/.test(stderr)], [1, true], stderr)
      }
  })

  test('Digest used as path, store id confusion: an archive gives no image the digest of another one', async () => {
    const config = configOf([])
    const manifest = manifestBytes(descriptorOf(config, mediaTypes.ociConfig), [])
    const archiveOf = (files: Record<string, Buffer | string>) =>
      tarOf(
        Object.entries(files).map(([name, content]) => ({
          header: entryHeader({ name, type: 'file', size: content.length }),
          content: [Buffer.from(content)],
        })),
      )
    const docker = (tag: string) =>
      archiveOf({
        'config.json': config,
        'manifest.json': JSON.stringify([{ Config: 'config.json', RepoTags: [tag], Layers: [] }]),
      })
    const layout = (name: string) => {
      const annotations = { 'io.containerd.image.name': name }
      const manifests = [{ ...descriptorOf(manifest, mediaTypes.ociManifest), annotations }]
      return archiveOf({
        'oci-layout': '{"imageLayoutVersion":"1.0.0"}',
        'index.json': JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }),
        [`blobs/sha256/${hexOf(digestOf(config))}`]: config,
        [`blobs/sha256/${hexOf(digestOf(manifest))}`]: manifest,
      })
    }
    const other = `spoofed@${digestOf('other')}`
    for (const input of [await docker(other), await layout(other), await docker('../../x:1')]) {
      const { exitCode, stderr } = await daemon().gantry(['load'], { input })
      assert.deepEqual([exitCode, /invalid (tag|reference format)/.test(stderr)], [1, true], stderr)
    }
    assert.equal(await ok('images', '-q', '--filter', 'reference=spoofed'), '')
    const own = `own@${digestOf(manifest)}`
    const loaded = await daemon().gantry(['load'], { input: await layout(own) })
    assert.equal(loaded.stdout, `Loaded image: ${own}\n`, loaded.stderr)
    await ok('rmi', own)
    const windows = Buffer.from(config.toString().replace('linux', 'windows'))
    const input = await archiveOf({
      'config.json': windows,
      'manifest.json': JSON.stringify([{ Config: 'config.json', RepoTags: ['w:1'], Layers: [] }]),
    })
    const refused = await daemon().gantry(['load'], { input })
    assert.equal(refused.stderr, 'Error response from daemon: cannot load windows image on linux\n')
  })

  test('a full disk in the middle of a pull, a load, an import and a push: said so, given back, and the next one works', async (t) => {
    const registry = await startRegistry({}, t)
    const [large, small] = [`${registry.host}/large:1`, `${registry.host}/small:1`]
    const layers = { first: 2_000_000, large: 24_000_000 }
    await push(
      t,
      large,
      await Promise.all(Object.entries(layers).map(([name, size]) => layerOf(name, randomBytes(size)))),
    )
    await push(t, small, [await layerOf('small', Buffer.from('small'))])
    const archive = `${daemon().root}/large-image.tar`
    const copied = await run('skopeo', [
      'copy',
      '-q',
      '--src-tls-verify=false',
      `docker://${large}`,
      `docker-archive:${archive}:large:1`,
    ])
    assert.equal(copied.exitCode, 0, copied.stderr)
    await daemon().stop()
    const data = `${daemon().root}/data`
    mount({ source: 'tmpfs', target: data, type: 'tmpfs', data: 'size=27m' })
    t.after(async () => {
      await daemon().stop()
      unmount(data)
    })
    await daemon().start()
    for (const args of [
      ['pull', '-q', large],
      ['load', '-q', '-i', archive],
      ['import', archive],
    ]) {
      for (const command of commands) {
        const { exitCode, stderr } = await daemon()[command](args)
        assert.equal(exitCode, 1)
        assert.match(stderr, /: no space left on device\n/)
      }
      assert.deepEqual(await readdir(`${data}/content/partial`), [])
      assert.deepEqual(await readdir(`${data}/layers/tmp`), [])
      assert.deepEqual(await stored(), [])
    }
    await ok('pull', '-q', small)
    await ok('rmi', small)
    // There is room for the layer as it is and unpacked, but not for a compressed one beside them.
    const input = await layerOf('large', randomBytes(7_000_000))
    const target = `${registry.host}/made:1`
    assert.equal((await daemon().gantry(['import', '-', target], { input })).exitCode, 0)
    for (const command of commands) {
      const { exitCode, stderr } = await daemon()[command](['push', target])
      assert.deepEqual([exitCode, /no space left on device/.test(stderr)], [1, true], stderr)
      assert.deepEqual(await readdir(`${data}/content/uploads`), [])
    }
    await ok('rmi', target)
    assert.deepEqual(await stored(), [])
  })
})

/** Everything that an archive can hold. */
async function makeEverything(rootfs: string): Promise<void> {
  const at = (path: string) => `${rootfs}/every/${path}`
  await mkdir(at('sticky'), { recursive: true })
  await chmod(at('sticky'), 0o1777)
  await writeFile(at('setuid'), 'x')
  await chown(at('setuid'), 12, 34)
  await chmod(at('setuid'), 0o6755)
  await link(at('setuid'), at('hard link'))
  await symlink('/etc/passwd', at('symlink'))
  await symlink('nowhere', at('dangling-ü'))
  await writeFile(at('n'.repeat(200)), 'long')
  await mkdir(at('deep/'.repeat(30)), { recursive: true })
  await writeFile(`${at('deep/'.repeat(30))}leaf`, 'leaf')
  await writeFile(at('big-owner'), 'x')
  await chown(at('big-owner'), 3_000_000, 4_000_000)
  await writeFile(at('unreadable'), 'x')
  await chmod(at('unreadable'), 0)
  await writeFile(at('capable'), 'x')
  const { exitCode, stderr } = await run('sh', [
    '-ec',
    `cd '${rootfs}/every'; mkfifo -m 600 fifo; mknod -m 640 null c 1 3; mknod -m 660 loop b 7 9; truncate -s 1M sparse; printf x >> sparse`,
  ])
  assert.equal(exitCode, 0, stderr)
  await utimes(at('setuid'), 1_000_000_000, 1_000_000_000)
}

const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex')

/** The archives of the test's images are made by tar without attributes. */
async function restoreXattrs(rootfs: string, path: string): Promise<void> {
  if (!path.endsWith('capable')) return
  const file = Buffer.from(`${rootfs}/${path}`)
  setXattr(file, 'security.capability', capability)
  setXattr(file, 'user.note', Buffer.from([0, 255, 10]))
}

/** A line for each object below a directory: kind, mode, owner, size, device, links, time, target, attributes. */
async function describeTree(directory: string): Promise<string[]> {
  const { stdout } = await run('find', [
    directory,
    '-mindepth',
    '1',
    '-printf',
    '%P\\t%y %m %U:%G links=%n %l time=%Ts\\t%s\\n',
  ])
  const lines = await Promise.all(
    stdout
      .split('\n')
      .filter(Boolean)
      .map(async (line) => {
        const [path = '', facts = '', size = ''] = line.split('\t')
        const kind = facts[0] ?? ''
        const full = `${directory}/${path}`
        const device = 'cb'.includes(kind) ? (await run('stat', ['-c', '%t:%T', full])).stdout.trim() : ''
        const names = kind === 'f' ? ['security.capability', 'user.note'] : []
        const attributes = names.map((name) => getXattr(Buffer.from(full), name)?.toString('hex') ?? '')
        // How many links a directory has, and its size, is the file system's business.
        const shown = kind === 'd' ? facts.replace(/links=\d+/, '') : facts
        return [path, shown, kind === 'f' ? size : '', device, ...attributes].join(' ')
      }),
  )
  return lines.sort()
}
