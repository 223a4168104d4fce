/** What builds give out: directories, archives, images in registries, and what is told about them. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { startRegistry, type TestRegistry } from '../registry/registry.ts'
import { buildx, buildxEnvironment } from './buildx.ts'
import { contextIn } from './contexts.ts'
import { leavesNothing } from './daemon-state.ts'
import { type CommandResult, gantryBinary, run, startDaemon, suiteDaemon } from './harness.ts'
import { oldDocker } from './old-docker.ts'

suite('outputs of builds', { concurrency: 1 }, () => {
  const daemon = suiteDaemon()
  let top: string
  let registry: TestRegistry

  before(async () => {
    top = await mkdtemp('/tmp/gantry-e2e-outputs-')
    registry = await startRegistry()
  })
  after(async () => {
    await registry.stop()
    await rm(top, { recursive: true, force: true })
  })

  const context = (files: Record<string, string>): Promise<string> => contextIn(top, files)

  async function ok(result: Promise<CommandResult>): Promise<CommandResult> {
    const done = await result
    assert.equal(done.exitCode, 0, `${done.stdout}\n${done.stderr}\n${daemon().log}`)
    return done
  }
  const build = (...args: string[]): Promise<CommandResult> => ok(daemon().gantry(['build', ...args]))
  const skopeo = async (...args: string[]): Promise<string> => (await ok(run('skopeo', args))).stdout
  /** A manifest or index of the registry, as it stands there. */
  const raw = async (name: string) =>
    JSON.parse(await skopeo('inspect', '--raw', '--tls-verify=false', `docker://${registry.host}/${name}`))

  const small =
    'FROM busybox AS tools\nRUN mkdir /out && echo made > /out/made && ln -s made /out/link\nFROM scratch\nCOPY --from=tools /out /\n'

  test('a directory and archives of the files, several outputs at once, standard output', async () => {
    const root = await context({ Dockerfile: small })
    const [directory, file] = [join(root, 'deep/out'), join(root, 'files.tar')]
    await build('-o', directory, '--output', `type=tar,dest=${file}`, '-o', 'type=cacheonly', root)
    assert.deepEqual((await readdir(directory)).sort(), ['link', 'made'])
    assert.equal(await readFile(join(directory, 'link'), 'utf8'), 'made\n')
    assert.match((await ok(run('tar', ['-tf', file]))).stdout, /^made$/m)
    // Over what an earlier build has left, whatever it was.
    const other = await context({ Dockerfile: 'FROM scratch\nCOPY f /made/f\nCOPY f /link/f\n', f: 'other' })
    await build('-o', directory, other)
    for (const name of ['made/f', 'link/f'])
      assert.equal(await readFile(join(directory, name), 'utf8'), 'other')
    const third = await context({ Dockerfile: 'FROM scratch\nCOPY f /made\n', f: 'third' })
    const refused = await daemon().gantry(['build', '-o', directory, third])
    assert.match(refused.stderr, /cannot overwrite directory .*made" with non-directory/)
    const piped = await ok(
      run('/bin/sh', [
        '-c',
        `"$0" -H "${daemon().host}" build -q -o - "${root}" | tar -xO made`,
        gantryBinary,
      ]),
    )
    assert.equal(piped.stdout, 'made\n')
    const { stdout } = await ok(daemon().gantry(['image', 'ls', '-aq']))
    assert.equal(stdout.trim().split('\n').length, 1, 'no image was kept but the base')
  })

  test('progress as JSON is JSON to its last line', async () => {
    const root = await context({ Dockerfile: 'from busybox\nRUN echo made > /made\n' })
    const id = join(root, 'id')
    for (const flags of [['--progress=rawjson'], ['--progress=rawjson', '-t', 'told:1', '--iidfile', id]]) {
      const { stdout, stderr } = await build(...flags, root)
      assert.equal(stdout, '')
      const lines = stderr
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
      assert.ok(lines.some(({ warnings }) => warnings))
    }
    assert.match(await readFile(id, 'utf8'), /^sha256:/)
  })

  test('image layouts that other tools read; what Docker loads', async () => {
    const root = await context({ Dockerfile: 'FROM busybox\nRUN echo made > /made\nCMD ["cat", "/made"]\n' })
    const layout = join(root, 'layout.tar')
    await build(
      '-t',
      'layout:1',
      '-o',
      `type=oci,dest=${layout},compression=zstd,force-compression=true`,
      root,
    )
    const inspected = JSON.parse(await skopeo('inspect', '--raw', `oci-archive:${layout}`))
    assert.deepEqual(
      inspected.layers.map(({ mediaType }: { mediaType: string }) => mediaType),
      Array(2).fill('application/vnd.oci.image.layer.v1.tar+zstd'),
    )
    const directory = join(root, 'layout')
    await build('-o', `type=oci,dest=${directory},tar=false`, root)
    assert.ok((await stat(join(directory, 'oci-layout'))).isFile())
    await skopeo('inspect', `oci:${directory}`)
    const archive = join(root, 'docker.tar')
    await build('-t', 'archived:1', '-o', `type=docker,dest=${archive}`, root)
    assert.match(await skopeo('inspect', `docker-archive:${archive}`), /"Layers"/)
    await ok(daemon().gantry(['load', '-i', archive]))
    assert.equal((await ok(daemon().gantry(['run', '--rm', 'archived:1']))).stdout, 'made\n')
  })

  test('pushed images: compressed, annotated, kept or not; files that tell about them', async () => {
    const root = await context({ Dockerfile: 'FROM busybox\nRUN echo pushed > /made\n' })
    const name = `${registry.host}/pushed:1`
    const [iid, metadata] = [join(root, 'iid'), join(root, 'metadata.json')]
    const files = ['--iidfile', iid, '--metadata-file', metadata]
    await build('-t', name, '--push', '--annotation', 'org.example.a=b', ...files, root)
    const manifest = await raw('pushed:1')
    assert.equal(manifest.annotations['org.example.a'], 'b')
    assert.ok(manifest.layers.every(({ mediaType }: { mediaType: string }) => mediaType.endsWith('tar+gzip')))
    const told = JSON.parse(await readFile(metadata, 'utf8'))
    assert.equal(told['image.name'], name)
    assert.equal(told['containerimage.config.digest'], manifest.config.digest)
    assert.equal(told['containerimage.descriptor'].digest, told['containerimage.digest'])
    assert.equal(await readFile(iid, 'utf8'), manifest.config.digest)
    const image = await daemon().dockerode.getImage(name).inspect()
    assert.deepEqual(
      [image.Id, image.RepoDigests],
      [manifest.config.digest, [`${registry.host}/pushed@${told['containerimage.digest']}`]],
    )
    for (const digest of [told['containerimage.digest'], told['containerimage.config.digest']])
      assert.equal((await ok(daemon().gantry(['run', '--rm', digest, 'cat', '/made']))).stdout, 'pushed\n')
    // Built again without a word about it, it stays what the registry knows.
    await build('-t', 'again', '--metadata-file', metadata, root)
    assert.equal(
      JSON.parse(await readFile(metadata, 'utf8'))['containerimage.digest'],
      told['containerimage.digest'],
    )
    const nobody = await daemon().gantry(['build', '-t', 'localhost:1/nobody:2', '--push', root])
    assert.equal(nobody.exitCode, 1)
    assert.match(nobody.stderr, /failed to push localhost:1\/nobody:2: .*connection refused/)
    const other = `${registry.host}/other:1`
    await build(
      '-o',
      `type=registry,name=${other},store=false,oci-mediatypes=false`,
      await context({ Dockerfile: 'FROM busybox\nRUN echo other > /made\n' }),
    )
    assert.equal((await raw('other:1')).mediaType, 'application/vnd.docker.distribution.manifest.v2+json')
    assert.equal((await daemon().gantry(['image', 'inspect', other])).exitCode, 1)
    await build(
      '-o',
      `type=image,name=${registry.host}/digest,push=true,push-by-digest=true`,
      '--metadata-file',
      metadata,
      root,
    )
    const { 'containerimage.digest': digest } = JSON.parse(await readFile(metadata, 'utf8'))
    await skopeo('inspect', '--no-tags', '--tls-verify=false', `docker://${registry.host}/digest@${digest}`)
    assert.match(
      (await run('skopeo', ['list-tags', '--tls-verify=false', `docker://${registry.host}/digest`])).stdout,
      /"Tags": \[\]|^$/m,
    )
  })

  test('several platforms: an index of images, each of its own base; what cannot run here is refused', async () => {
    const root = await context({
      Dockerfile: [
        'FROM --platform=$BUILDPLATFORM busybox AS tools',
        'ARG TARGETPLATFORM',
        'ARG BUILDPLATFORM',
        'RUN echo "$TARGETPLATFORM on $BUILDPLATFORM" > /made',
        'FROM scratch',
        'COPY --from=tools /made /made',
        'WORKDIR /work',
      ].join('\n'),
    })
    const platforms = 'linux/amd64,linux/arm64,linux/arm/v7'
    const name = `${registry.host}/several:1`
    const metadata = join(root, 'metadata.json')
    await build('-t', name, '--platform', platforms, '--push', '--metadata-file', metadata, root)
    const index = await raw('several:1')
    assert.deepEqual(
      index.manifests.map(({ platform }: { platform: object }) => Object.values(platform).sort().join(' ')),
      ['amd64 linux', 'arm64 linux', 'arm linux v7'],
    )
    const told = JSON.parse(await readFile(metadata, 'utf8'))
    assert.equal(told['containerimage.descriptor'].mediaType, 'application/vnd.oci.image.index.v1+json')
    assert.equal(told['containerimage.config.digest'], undefined)
    const tree = await ok(daemon().gantry(['image', 'ls', '--tree']))
    for (const platform of platforms.split(',')) assert.match(tree.stdout, new RegExp(`─ ${platform}`))
    // Every platform finds its own base in that index, COPY needs none of its programs.
    const child = await context({ Dockerfile: `FROM ${name}\nCOPY extra /\n`, extra: 'x' })
    const out = join(child, 'out')
    await build('--platform', platforms, '-o', out, child)
    assert.deepEqual((await readdir(out)).sort(), ['linux_amd64', 'linux_arm64', 'linux_arm_v7'])
    assert.equal(await readFile(join(out, 'linux_arm_v7/made'), 'utf8'), 'linux/arm/v7 on linux/amd64\n')
    await build('--platform', 'linux/arm64', '-o', `type=local,dest=${out}/one`, child)
    assert.equal(await readFile(join(out, 'one/made'), 'utf8'), 'linux/arm64 on linux/amd64\n')
    const archive = join(child, 'several.tar')
    await build('--platform', platforms, '-o', `type=oci,dest=${archive}`, child)
    await ok(daemon().gantry(['load', '-i', archive]))
    const refused = await daemon().gantry([
      'build',
      '--platform',
      platforms,
      '-o',
      `type=docker,dest=${archive}`,
      child,
    ])
    assert.match(refused.stderr, /does not currently support exporting manifest lists/)
    const running = await context({ Dockerfile: `FROM ${name}\nRUN ["/made"]\n` })
    const foreign = await daemon().gantry([
      'build',
      '--platform',
      'linux/mips64',
      await context({ Dockerfile: 'FROM scratch\nRUN ["/x"]\n' }),
    ])
    assert.match(
      foreign.stderr,
      /cannot run programs for linux\/mips64 on linux\/amd64: .*install qemu-user-static/,
    )
    assert.equal(foreign.exitCode, 1)
    const absent = await daemon().gantry(['build', '--platform', 'linux/s390x', running])
    assert.match(absent.stderr, /linux\/s390x/)
  })

  test('a base image for another platform alone is taken and told of; a result is for what was asked for', async () => {
    const name = `${registry.host}/alone:1`
    const scratch = await context({ Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n' })
    await build('-t', name, '--platform', 'linux/s390x', '--push', scratch)
    const root = await context({ Dockerfile: `FROM ${name}\nCOPY Dockerfile /again\n` })
    const platformOf = async (): Promise<string> =>
      (await ok(daemon().gantry(['inspect', '-f', '{{.Os}}/{{.Architecture}}', 'alone-child']))).stdout.trim()
    const { stderr } = await build('-t', 'alone-child', root)
    assert.match(
      stderr,
      /InvalidBaseImagePlatform: Base image .* was pulled with platform "linux\/s390x", expected "linux\/amd64"/,
    )
    assert.equal(await platformOf(), 'linux/s390x')
    await build('-t', 'alone-child', '--platform', 'linux/arm64', root)
    assert.equal(await platformOf(), 'linux/arm64')
  })

  test('the same build on two engines gives the same digests', async (t) => {
    const other = await startDaemon(t, { busybox: false })
    const base = join(top, 'base.tar')
    await ok(daemon().gantry(['save', '-o', base, 'busybox']))
    await ok(other.gantry(['load', '-i', base]))
    const dockerfile =
      'FROM busybox\nCOPY f /copied/\nRUN mkdir /a && echo x > /a/b && rm /etc/group && ln /a/b /a/c\nWORKDIR /w\nENV A=1\n'
    const root = await context({ Dockerfile: dockerfile, f: 'f' })
    const outputs = (file: string) => [
      '-o',
      'type=image,rewrite-timestamp=true,compression=gzip',
      '-o',
      `type=oci,dest=${file},rewrite-timestamp=true`,
    ]
    const results: unknown[] = []
    for (const engine of [daemon(), other]) {
      const [metadata, archive] = [join(root, 'metadata'), join(root, 'archive')]
      const env = { SOURCE_DATE_EPOCH: '1600000000' }
      await ok(
        engine.gantry(['build', '-t', 'same', ...outputs(archive), '--metadata-file', metadata, root], {
          env,
        }),
      )
      const { 'containerimage.digest': digest } = JSON.parse(await readFile(metadata, 'utf8'))
      const hash = createHash('sha256')
        .update(await readFile(archive))
        .digest('hex')
      const { Id, Created } = await engine.dockerode.getImage('same').inspect()
      results.push({ digest, hash, Id, Created })
      const times = await ok(
        engine.gantry(['run', '--rm', 'same', 'stat', '-c', '%Y', '/a/b', '/copied/f', '/a', '/w']),
      )
      assert.equal(times.stdout, '1600000000\n'.repeat(4))
      const history = await engine.dockerode.getImage('same').history()
      assert.deepEqual(
        history.slice(0, 4).map((step: { Created: number }) => step.Created),
        Array(4).fill(1600000000),
      )
    }
    assert.deepEqual(results[0], results[1])
    assert.equal((results[0] as { Created: string }).Created, '2020-09-13T12:26:40Z')
    const bad = await daemon().gantry(['build', '--build-arg', 'SOURCE_DATE_EPOCH=soon', root])
    assert.match(bad.stderr, /invalid SOURCE_DATE_EPOCH: soon/)
    const files = join(root, 'files.tar')
    await build(
      '--build-arg',
      'SOURCE_DATE_EPOCH=0',
      '-o',
      `type=tar,dest=${files}`,
      await context({ Dockerfile: small }),
    )
    assert.match((await ok(run('tar', ['-tvf', files, '--utc']))).stdout, /1970-01-01 00:00 made/)
  })

  test('attestations: attached to the image, pushed along, shown, and beside files', async () => {
    const root = await context({
      Dockerfile:
        'FROM busybox\nARG A\nARG HTTP_PROXY\nRUN --mount=type=cache,target=/c --mount=type=secret,id=s,env=S true\nCOPY status /var/lib/dpkg/status\nCOPY package.json /app/node_modules/left/package.json\n',
      status: 'Package: bash\nStatus: install ok installed\nVersion: 5.2-1\nArchitecture: amd64\n',
      'package.json': '{"name":"left","version":"1.0.0"}',
    })
    await mkdir(join(root, '.git'))
    await writeFile(join(root, '.git/HEAD'), 'a'.repeat(40))
    const name = `${registry.host}/attested:1`
    const metadata = join(root, '..', 'attested.json')
    await writeFile(join(root, '..', 'attested.secret'), 'hidden word')
    const flags = [
      ...['--provenance', 'mode=max', '--sbom', 'true', '--build-arg', 'A=argument'],
      ...[
        '--build-arg',
        'HTTP_PROXY=http://me:hidden@proxy',
        '--secret',
        `id=s,src=${join(root, '..', 'attested.secret')}`,
      ],
    ]
    await build('-t', name, '--push', ...flags, '--metadata-file', metadata, root)
    const index = await raw('attested:1')
    const [image, attestation] = index.manifests
    assert.deepEqual(attestation.platform, { architecture: 'unknown', os: 'unknown' })
    assert.deepEqual(attestation.annotations, {
      'vnd.docker.reference.digest': image.digest,
      'vnd.docker.reference.type': 'attestation-manifest',
    })
    const manifest = await raw(`attested@${attestation.digest}`)
    const statements = await Promise.all(
      manifest.layers.map(async ({ digest }: { digest: string }) =>
        (await fetch(`${registry.url}/v2/attested/blobs/${digest}`)).json(),
      ),
    )
    assert.ok(!JSON.stringify(statements).includes('hidden'))
    const [bill, provenance] = statements
    assert.deepEqual(provenance.predicate.invocation.parameters.secrets, [{ id: 's', optional: true }])
    assert.deepEqual(
      manifest.layers.map((layer: { annotations: object }) => Object.values(layer.annotations)[0]),
      ['https://spdx.dev/Document', 'https://slsa.dev/provenance/v0.2'],
    )
    for (const each of statements) assert.equal(each.subject[0].digest.sha256, image.digest.slice(7))
    assert.equal(provenance.subject[0].name, `pkg:docker/${name.replace(':1', '@1')}?platform=linux%2Famd64`)
    assert.deepEqual(
      bill.predicate.packages
        .slice(1)
        .map((each: { versionInfo: string; name: string }) => `${each.name} ${each.versionInfo}`),
      ['bash 5.2-1', 'left 1.0.0'],
    )
    assert.equal(provenance.predicate.invocation.parameters.args['build-arg:A'], 'argument')
    const { vcs } = provenance.predicate.metadata['https://mobyproject.org/buildkit@v1#metadata']
    assert.deepEqual(vcs, { revision: 'a'.repeat(40), 'localdir:context': '.', 'localdir:dockerfile': '.' })
    assert.match(
      provenance.predicate.materials[0].uri,
      /^pkg:docker\/busybox@latest\?platform=linux%2Famd64$/,
    )
    const told = JSON.parse(await readFile(metadata, 'utf8'))
    assert.equal(told['buildx.build.provenance'].buildType, 'https://mobyproject.org/buildkit@v1')
    assert.match(told['buildx.build.ref'], /^default\/default\/[0-9a-f]+$/)
    const inspected = await ok(daemon().gantry(['manifest', 'inspect', '--insecure', name]))
    assert.match(inspected.stdout, /"unknown"/)
    // What the engine keeps of it says which image it speaks of.
    type Part = { Kind: string; AttestationData?: { For: string } }
    const parts = async (path: string) => {
      const { body } = await daemon().api('GET', `/v1.55/images/${path}manifests=1`)
      const found = [body].flat() as { Manifests?: Part[] }[]
      return found.flatMap(({ Manifests = [] }) => Manifests).filter(({ Kind }) => Kind === 'attestation')
    }
    for (const path of [`${encodeURIComponent(name)}/json?`, 'json?']) {
      const subjects = (await parts(path)).map(({ AttestationData }) => AttestationData?.For)
      assert.ok(subjects.includes(image.digest), path)
    }
    // It stays whole in an archive, and the image runs.
    const archive = join(root, '..', 'attested.tar')
    await ok(daemon().gantry(['save', '-o', archive, name]))
    const listed = (await ok(run('tar', ['-tf', archive]))).stdout
    for (const { digest } of [attestation, ...manifest.layers]) assert.ok(listed.includes(digest.slice(7)))
    await ok(daemon().gantry(['run', '--rm', name, 'true']))
    const out = join(root, '..', 'attested-out')
    await build('-o', out, '--attest', 'type=provenance', '--sbom=true', await context({ Dockerfile: small }))
    const beside = JSON.parse(await readFile(join(out, 'provenance.json'), 'utf8'))
    assert.deepEqual(
      beside.subject.map((each: { name: string }) => each.name),
      ['made'],
    )
    await stat(join(out, 'sbom.spdx.json'))
    const refused = await daemon().gantry(['build', '--attest', 'type=vibes', root])
    assert.match(refused.stderr, /unsupported attestation type "vibes"/)
  })

  test('docker buildx has attestations, several outputs, and contexts in repositories', async (t) => {
    const plugin = await buildx()
    if (plugin === null) return t.skip('there is no docker-buildx here')
    const root = await context({ Dockerfile: small })
    await mkdir(join(root, '.git'))
    await writeFile(join(root, '.git/HEAD'), 'a'.repeat(40))
    const env = buildxEnvironment(daemon().host, top)
    const [out, metadata] = ['buildx-out', 'buildx.json'].map((name) => join(root, '..', name)) as [
      string,
      string,
    ]
    const name = `${registry.host}/bx:1`
    const asked = ['--attest', 'type=provenance,mode=max', '--sbom=true', '--metadata-file', metadata]
    await ok(run(plugin, ['build', ...asked, '-t', name, '--push', root], { env }))
    const told = JSON.parse(await readFile(metadata, 'utf8'))
    const index = await raw('bx:1')
    assert.equal(told['containerimage.descriptor'].digest, told['containerimage.digest'])
    assert.equal((await raw(`bx@${told['containerimage.digest']}`)).manifests.length, 2)
    assert.equal(index.manifests[1].annotations['vnd.docker.reference.type'], 'attestation-manifest')
    const outputs = ['-o', out, '-o', `type=tar,dest=${out}.tar`]
    await ok(run(plugin, ['build', '--sbom=true', '--provenance=mode=max', ...outputs, root], { env }))
    assert.deepEqual((await readdir(out)).sort(), ['link', 'made', 'provenance.json', 'sbom.spdx.json'])
    assert.match((await ok(run('tar', ['-tf', `${out}.tar`]))).stdout, /^provenance\.json$/m)
    // Who asks for nothing gets the same image for the same input.
    await ok(run(plugin, ['build', '-t', `${name}-plain`, '--push', root], { env }))
    assert.equal((await raw('bx:1-plain')).manifests, undefined)
  })

  test('squashed layers: one upon the base, without what came and went; the steps stay in the history', async () => {
    const root = await context({
      Dockerfile:
        'FROM busybox\nRUN echo big > /big && echo a > /kept\nRUN rm /big /etc/group && mkdir /d && echo b > /d/b\nRUN rm -r /home\n',
    })
    const engine = daemon().dockerode
    await build('-t', 'whole', root)
    await build('-t', 'squashed', '--squash', root)
    const [base, image] = await Promise.all(
      ['busybox', 'squashed'].map((name) => engine.getImage(name).inspect()),
    )
    assert.equal(image?.RootFS.Layers?.length, (base?.RootFS.Layers?.length ?? 0) + 1)
    const diff = await ok(daemon().gantry(['image', 'diff', 'whole', 'squashed']))
    assert.equal(
      diff.stdout
        .split('\n')
        .filter((line) => /^[AD] /.test(line))
        .join(),
      '',
      diff.stdout,
    )
    const history = await engine.getImage('squashed').history()
    assert.match(history[0].Comment, /^merge sha256:\w+ to sha256:\w+$/)
    assert.equal(history.length, (await engine.getImage('busybox').history()).length + 4)
    const archive = join(root, 'squashed.tar')
    await build('--squash', '-o', `type=oci,dest=${archive}`, root)
    const { layers } = JSON.parse(await skopeo('inspect', '--raw', `oci-archive:${archive}`))
    assert.equal(layers.length, 2)
  })

  test('named contexts: directories, images, image layouts and URLs, instead of stages and images too', async (t) => {
    const more = await context({ f: 'more', dropped: '', '.dockerignore': 'dropped\n' })
    const layout = join(top, 'layout')
    const base = await context({ Dockerfile: 'FROM busybox\nRUN echo layout > /from\n' })
    await build('-t', 'laid:7', '-o', `type=oci,dest=${layout},tar=false`, base)
    const root = await context({
      Dockerfile: [
        'FROM scratch AS tools',
        'FROM alpine AS laid',
        'FROM tools AS gathered',
        'RUN --mount=from=more,target=/m mkdir /out && cat /m/f > /out/mounted',
        'COPY --from=laid /from /out/from',
        'FROM more',
        'COPY --from=gathered /out /out',
      ].join('\n'),
    })
    const contexts = { more, tools: 'docker-image://busybox', alpine: `oci-layout://${layout}:7` }
    const flags = Object.entries(contexts).flatMap(([name, value]) => ['--build-context', `${name}=${value}`])
    const out = join(root, 'out')
    const told = await build('-o', out, '--provenance=true', ...flags, root)
    assert.match(told.stderr, /\[laid 1\/1\] FROM alpine\n/)
    assert.doesNotMatch(told.stderr, /gantry\.invalid/)
    assert.deepEqual((await readdir(out)).sort(), ['.dockerignore', 'f', 'out', 'provenance.json'])
    assert.equal(await readFile(join(out, 'out/from'), 'utf8'), 'layout\n')
    assert.equal(await readFile(join(out, 'out/mounted'), 'utf8'), 'more')
    assert.match(await readFile(join(out, 'provenance.json'), 'utf8'), /"oci-layout:\/\/sha256:/)
    assert.ok(!(await ok(daemon().gantry(['image', 'ls', '-a']))).stdout.includes('gantry.invalid'))
    const plugin = await buildx()
    if (plugin !== null) {
      const env = buildxEnvironment(daemon().host, top)
      const same = join(top, 'same')
      await ok(run(plugin, ['build', '-o', same, ...flags, root], { env }))
      assert.deepEqual((await readdir(same)).sort(), ['.dockerignore', 'f', 'out'])
      assert.deepEqual((await readdir(join(same, 'out'))).sort(), ['from', 'mounted'])
      assert.equal(await readFile(join(same, 'out/from'), 'utf8'), 'layout\n')
      assert.ok(!(await ok(daemon().gantry(['image', 'ls', '-a']))).stdout.includes('gantry.invalid'))
    }
    // Archives behind a URL, as a named context and as the context itself; provenance tells of both.
    const archive = join(root, 'fetched.tar')
    await writeFile(join(more, 'Dockerfile'), 'FROM scratch\nCOPY --from=far /f /far\n')
    await ok(run('tar', ['-C', more, '-cf', archive, '.']))
    const server = createServer((_, answer) => createReadStream(archive).pipe(answer))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    const url = `http://user:hidden@127.0.0.1:${(server.address() as { port: number }).port}/x.tar`
    const fetched = join(root, 'fetched')
    await build('-o', fetched, '--provenance=true', '--build-context', `far=${url}`, url)
    assert.equal(await readFile(join(fetched, 'far'), 'utf8'), 'more')
    const { predicate } = JSON.parse(await readFile(join(fetched, 'provenance.json'), 'utf8'))
    assert.match(predicate.invocation.configSource.uri, /^http:\/\/127/)
    assert.deepEqual([predicate.materials.length, predicate.metadata.completeness.materials], [2, true])
    const gone = url.replace(/:[0-9]+.x/, ':1/x')
    const failed = await daemon().gantry([
      'build',
      '--build-arg',
      'X=hidden',
      '--build-context',
      `far=${gone}`,
      url,
    ])
    assert.equal(failed.exitCode, 1)
    for (const text of [JSON.stringify(predicate), daemon().log, failed.stderr])
      assert.ok(!text.includes('hidden'), text)
    const cases: [string, RegExp][] = [
      ['x', /invalid context value: x, expected key=value/],
      ['context=.', /invalid context name context/],
      ['x=/nowhere', /failed to get build context path/],
      ['x=target:y', /docker buildx bake/],
      [`x=oci-layout://${more}`, /is no image layout/],
      [`x=oci-layout://${layout}:8`, /the layout has no image 8/],
      ['x=docker-image://A B', /invalid image "A B"/],
    ]
    await leavesNothing(daemon(), async () => {
      for (const [value, expected] of cases) {
        const { exitCode, stderr } = await daemon().gantry(['build', '--build-context', value, root])
        assert.equal(exitCode, 1, value)
        assert.match(stderr, expected)
      }
    })
  })

  /** What the engine answers on its socket, as it comes. */
  async function ask(path: string, signal: AbortSignal, body?: Buffer): Promise<IncomingMessage> {
    const method = body ? 'POST' : 'GET'
    const asked = request({ socketPath: daemon().socket, path, method, signal }).on('error', () => {})
    asked.end(body)
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    return answer.on('error', () => {})
  }

  test('docker buildx bake: targets that are contexts of others', async (t) => {
    const plugin = await buildx()
    if (plugin === null) return t.skip('there is no docker-buildx here')
    const out = join(top, 'baked')
    const target = (dockerfile: string, more = {}): object => ({ 'dockerfile-inline': dockerfile, ...more })
    const targets = {
      base: target('FROM busybox\nARG X\nENV KEPT=kept\nRUN echo $X > /base\n', { args: { X: 'first' } }),
      middle: target('FROM below\nRUN echo $KEPT > /middle\n', { contexts: { below: 'target:base' } }),
      top: target('FROM scratch\nCOPY --from=m /base /middle /\nCOPY --from=b /base /again\n', {
        contexts: { m: 'target:middle', b: 'target:base' },
        output: [`type=local,dest=${out}`],
      }),
    }
    const root = await context({ 'docker-bake.json': JSON.stringify({ target: targets }) })
    const env = buildxEnvironment(daemon().host, top)
    await ok(run(plugin, ['bake', '-f', 'docker-bake.json', 'top'], { cwd: root, env }))
    const files = ['base', 'middle', 'again'].map((name) => readFile(join(out, name), 'utf8'))
    assert.deepEqual(await Promise.all(files), ['first\n', 'kept\n', 'first\n'])
  })

  test('docker buildx bake: contexts for several platforms are those of each', async (t) => {
    const plugin = await buildx()
    if (plugin === null) return t.skip('there is no docker-buildx here')
    const out = join(top, 'baked-several')
    const platforms = ['linux/amd64', 'linux/arm64']
    const targets = {
      base: {
        'dockerfile-inline': 'FROM scratch\nARG TARGETARCH\nENV MADE=$TARGETARCH\nCOPY $TARGETARCH /f\n',
        platforms,
      },
      top: {
        'dockerfile-inline': 'FROM base\nWORKDIR /$MADE\nCOPY --from=base /f again\n',
        contexts: { base: 'target:base' },
        output: [`type=local,dest=${out}`],
        platforms,
      },
    }
    const root = await context({
      'docker-bake.json': JSON.stringify({ target: targets }),
      amd64: 'amd64',
      arm64: 'arm64',
    })
    const env = buildxEnvironment(daemon().host, top)
    await ok(run(plugin, ['bake', '-f', 'docker-bake.json', 'top'], { cwd: root, env }))
    for (const cpu of ['amd64', 'arm64'])
      for (const file of ['f', `${cpu}/again`])
        assert.equal(await readFile(join(out, `linux_${cpu}`, file), 'utf8'), cpu)
  })

  test('docker buildx: image layouts in directories, and frontends that are named', async (t) => {
    const plugin = await buildx()
    if (plugin === null) return t.skip('there is no docker-buildx here')
    const root = await context({
      Dockerfile: 'FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH /f\n',
      amd64: '1',
      arm64: '2',
    })
    const env = buildxEnvironment(daemon().host, top)
    const layout = join(root, 'layout')
    const build = (...args: string[]) => ok(run(plugin, ['build', ...args, root], { env }))
    const platforms = ['--platform', 'linux/amd64,linux/arm64']
    await build('-o', `type=oci,tar=false,dest=${layout}`, ...platforms)
    const { manifests } = JSON.parse(await skopeo('inspect', '--raw', `oci:${layout}`))
    assert.equal(manifests.length, 2)
    await ok(run('skopeo', ['copy', '--all', `oci:${layout}`, `dir:${layout}-copy`]))
    const named = ['--build-arg', 'BUILDKIT_SYNTAX=docker/dockerfile:1', '-o', join(root, 'files')]
    await build(...named)
    assert.match(await readFile(join(root, 'files/f'), 'utf8'), /^[12]$/)
  })

  test('docker buildx: a build for the cache alone leaves no image', async (t) => {
    const plugin = await buildx()
    if (plugin === null) return t.skip('there is no docker-buildx here')
    const root = await context({ Dockerfile: 'FROM busybox\nRUN echo cached only > /made\n' })
    const env = buildxEnvironment(daemon().host, top)
    const images = async (): Promise<string> => (await ok(daemon().gantry(['image', 'ls', '-aq']))).stdout
    const before = await images()
    await ok(run(plugin, ['build', '-o', 'type=cacheonly', root], { env }))
    assert.equal(await images(), before)
    const again = await ok(run(plugin, ['build', '--progress=plain', '-o', 'type=cacheonly', root], { env }))
    assert.match(again.stderr, /RUN echo cached only > \/made\n#\d+ CACHED/)
  })

  test('a client that goes while it is given a result leaves nothing', async () => {
    const root = await context({ Dockerfile: 'FROM busybox\nRUN head -c 8000000 /dev/urandom > /large\n' })
    await build('-o', 'type=cacheonly', root)
    const archive = join(root, 'context.tar')
    await ok(run('tar', ['-C', root, '-cf', archive, 'Dockerfile']))
    const outputs = encodeURIComponent('[{"Type":"tar"}]')
    await leavesNothing(daemon(), async () => {
      for (const takes of [false, true]) {
        const gone = new AbortController()
        let told = ''
        for await (const chunk of await ask(
          `/build?events=1&outputs=${outputs}`,
          gone.signal,
          await readFile(archive),
        )) {
          told += chunk
          const id = /"gantry.export","aux":\{"id":"([^"]+)"/.exec(told)?.[1]
          if (!id) continue
          if (takes) for await (const _first of await ask(`/build/exports/${id}`, gone.signal)) break
          break
        }
        assert.match(told, /gantry.export/)
        gone.abort()
      }
    })
    assert.equal((await ask('/build/exports/unknown', AbortSignal.timeout(30_000))).statusCode, 404)
  })

  test('docker 20.10 is given directories and archives in its session', async (t) => {
    const found = await oldDocker()
    if (!('path' in found)) return t.skip(found.missing)
    const root = await context({
      Dockerfile:
        'FROM busybox AS tools\nRUN mkdir -p /out/dir && head -c 3000000 /dev/zero > /out/dir/zeros && echo a > /out/a && chmod 751 /out/dir && ln -s dir /out/link && touch /out/a.b\nFROM scratch\nCOPY --from=tools /out /\n',
    })
    const out = join(root, 'out')
    const docker = (...args: string[]) =>
      ok(
        run(found.path, ['-H', daemon().host, 'build', '--progress=plain', ...args, root], {
          env: { DOCKER_BUILDKIT: '1' },
        }),
      )
    await docker('-o', out)
    assert.deepEqual((await readdir(out)).sort(), ['a', 'a.b', 'dir', 'link'])
    assert.deepEqual(
      [(await stat(join(out, 'link/zeros'))).size, (await stat(join(out, 'dir'))).mode & 0o777],
      [3_000_000, 0o751],
    )
    const tar = join(root, 'files.tar')
    await docker('-o', `type=tar,dest=${tar}`)
    assert.deepEqual((await ok(run('tar', ['-tf', tar]))).stdout.trim().split('\n'), [
      'a',
      'a.b',
      'dir/',
      'dir/zeros',
      'link',
    ])
  })

  test('outputs that cannot be are refused before anything is built', async () => {
    const root = await context({ Dockerfile: small })
    await build('-o', 'type=cacheonly', root)
    const cases: [string[], RegExp][] = [
      [['-o', 'type=local'], /dest is required for local exporter/],
      [['-o', 'dest=x,name=y'], /type is required for output/],
      [['-o', 'type=what'], /exporter "what" could not be found/],
      [['-o', 'type=image,compression=estargz'], /estargz is not supported: use gzip, zstd or uncompressed/],
      [['-o', 'type=image,compression=lzma'], /unsupported compression type lzma/],
      [['-o', 'type=image,frobnicate=1'], /unknown attribute "frobnicate"/],
      [['--push'], /tag is needed when pushing to registry/],
      [['--annotation', 'index:a=b'], /index annotations not supported for single platform export/],
      [['--annotation', 'whole:a=b'], /unknown annotation type "whole"/],
      [['--platform', 'nonsense'], /unknown operating system or architecture/],
      [['-o', '-', '-o', 'type=oci,dest=-'], /only one output can be written to standard output/],
    ]
    await leavesNothing(daemon(), async () => {
      for (const [flags, expected] of cases) {
        const { exitCode, stderr } = await daemon().gantry(['build', ...flags, root])
        assert.notEqual(exitCode, 0, flags.join(' '))
        assert.match(stderr, expected)
      }
    })
    const { exitCode } = await daemon().gantry(['build', '-o', join(root, 'Dockerfile', 'x'), root])
    assert.equal(exitCode, 1)
  })
})
