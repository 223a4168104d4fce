/** What builds keep: shown, pruned, exported and imported. */
import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { startRegistry } from '../registry/registry.ts'
import { buildx, buildxEnvironment } from './buildx.ts'
import { contextIn } from './contexts.ts'
import { leavesNothing } from './daemon-state.ts'
import { type CommandResult, run, startDaemon, suiteDaemon } from './harness.ts'

suite('build cache', { concurrency: 1 }, () => {
  const daemon = suiteDaemon()
  let top: string

  before(async () => {
    top = await mkdtemp('/tmp/gantry-e2e-build-cache-')
  })
  after(() => rm(top, { recursive: true, force: true }))

  const context = (files: Record<string, string>): Promise<string> => contextIn(top, files)

  async function gantry(...args: string[]): Promise<CommandResult> {
    const done = await daemon().gantry(args)
    assert.equal(done.exitCode, 0, `${done.stdout}\n${done.stderr}\n${daemon().log}`)
    return done
  }
  const records = async (...filters: string[]): Promise<Record<string, string>[]> =>
    (
      await gantry('builder', 'du', '--format', 'json', ...filters.flatMap((each) => ['--filter', each]))
    ).stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))

  test('du and df show what builds keep; prune takes what its filters say', async () => {
    const root = await context({
      Dockerfile: 'FROM busybox\nRUN head -c 100000 /dev/zero > /a\nRUN echo b > /b\n',
    })
    await gantry('build', '-t', 'kept', root)
    const lost = await context({ Dockerfile: 'FROM busybox\nRUN head -c 200000 /dev/zero > /lost\n' })
    await gantry('build', '-q', '-t', 'lost', lost)
    await gantry('rmi', 'lost')
    const shown = await records('type=regular')
    assert.deepEqual(shown.map(({ CacheType, Size, Shared }) => [CacheType, Size, Shared]).sort(), [
      ['regular', '100kB', 'true'],
      ['regular', '200kB', 'false'],
      ['regular', '2B', 'true'],
    ])
    // Not whole records: how long ago each was used is in them.
    const others = await records('type!=source.local')
    assert.deepEqual(
      others.map(({ ID }) => ID),
      shown.map(({ ID }) => ID),
    )
    assert.equal((await records('description~=RUN head.*/lost', 'mutable=false')).length, 1)
    const [above] = shown.filter(({ Parent }) => Parent)
    const below = shown.find(({ ID }) => ID === above?.Parent)
    assert.match(below?.Description ?? '', /head -c 100000/)
    const table = (await gantry('builder', 'du', '--filter', 'type=regular')).stdout
    assert.match(table, /^ID +RECLAIMABLE +SIZE +LAST ACCESSED\n/)
    assert.match(table, /\nShared: +100kB\nPrivate: +200kB\nReclaimable: +300kB\nTotal: +300kB\n$/)
    assert.match((await gantry('builder', 'du', '--verbose')).stdout, /\nDescription: +RUN head -c 200000/)
    const df = await daemon().docker(['system', 'df', '-v'])
    assert.match(
      df.stdout,
      /Build cache usage: 200(?:\.\d)?kB\n\nCACHE ID +CACHE TYPE +SIZE[^\n]*\n[0-9a-f]{12} +regular +/,
    )
    const usage = ['system', 'df', '--format', '{{.Type}} {{.TotalCount}} {{.Size}} {{.Reclaimable}}']
    const before = await daemon().docker(usage)
    assert.match(before.stdout, /Build Cache \d 200(\.\d)?kB 200(\.\d)?kB/)
    const bad = await daemon().gantry(['builder', 'prune', '-f', '--filter', 'colour=red'])
    assert.match(bad.stderr, /failed to prune build cache: Invalid filter 'colour'/)
    assert.match(
      (await gantry('builder', 'prune', '-f', '--filter', 'until=24h')).stdout,
      /^Total reclaimed space: 0B/,
    )
    assert.match((await gantry('builder', 'prune', '-af', '--keep-storage', '1GB')).stdout, /space: 0B/)
    assert.match((await gantry('builder', 'prune', '-af', '--filter', 'type!=regular')).stdout, /space: 0B/)
    const since = Math.floor(Date.now() / 1000)
    const pruned = await daemon().docker(['builder', 'prune', '-f', '--filter', 'type=regular'])
    const until = String(Math.ceil(Date.now() / 1000) + 1)
    const events = ['events', '--since', String(since), '--until', until, '--filter', 'type=builder']
    assert.match((await daemon().docker(events)).stdout, / builder prune {2}\(reclaimed=[1-9]\d*\)\n$/)
    assert.match(
      pruned.stdout,
      /^Deleted build cache objects:\n[0-9a-f]{64}\n\nTotal reclaimed space: 200kB\n$/,
    )
    assert.equal((await records('type=regular')).length, 2)
    // What only the cache had was never counted with the images.
    const [images] = before.stdout.split('\n')
    assert.equal((await daemon().docker(usage)).stdout.split('\n')[0], images)
    const one = await gantry('builder', 'prune', '-af', '--filter', `id=${above?.ID}`)
    assert.match(one.stdout, new RegExp(`${above?.ID}\\n`))
    await gantry('builder', 'prune', '-af')
    assert.deepEqual(await records(), [])
    assert.equal((await gantry('run', '--rm', 'kept', 'cat', '/b')).stdout, 'b\n')
  })

  test('--explain names the files, arguments and images that have changed', async () => {
    const dockerfile = 'FROM busybox\nARG V\nCOPY . /c/\nRUN --mount=type=bind,source=sub,target=/s echo $V\n'
    const root = await context({ Dockerfile: dockerfile, 'a.txt': 'a', 'sub/b.txt': 'b', 'sub/old': '' })
    const explained = async (...args: string[]): Promise<string[]> =>
      [
        ...(await gantry('build', '--explain', ...args, root)).stderr.matchAll(
          /NOT CACHED: (?:changed: )?(.*)$/gm,
        ),
      ].map(([, why = '']) => why)
    assert.deepEqual(await explained(), ['it has not run before', 'it has not run before'])
    await writeFile(join(root, 'sub/b.txt'), 'changed')
    await writeFile(join(root, 'new'), '')
    await rm(join(root, 'sub/old'))
    const [copy, run] = await explained('--build-arg', 'V=1')
    assert.equal(copy, 'what it copies (new is new, sub/b.txt, sub/old is gone)')
    assert.match(run ?? '', /its environment \(V\), its mounts \(sub\/b\.txt, sub\/old is gone\)/)
    assert.deepEqual(await explained('--build-arg', 'V=1'), [])
    await gantry('builder', 'prune', '-af', '--filter', 'type=regular')
    const [again] = await explained('--build-arg', 'V=1')
    assert.equal(again, 'nothing, but what it made is in the cache no more')
  })

  test('cache mounts: listed, exported, imported, removed', async () => {
    const root = await context({
      Dockerfile:
        'FROM busybox\nARG N\nRUN --mount=type=cache,target=/t/ools cd /t/ools; echo $N >> log; cp log /seen; mkdir -p d; chown 12:34 d\n',
    })
    await gantry('build', '-q', '--build-arg', 'N=one', root)
    assert.match(
      (await gantry('builder', 'cache', 'ls')).stdout,
      /^MOUNT ID +CACHE ID +SIZE +LAST USED\n\/t\/ools +[0-9a-f]{12} +4B +/,
    )
    const file = join(top, 'tools.tar')
    await gantry('builder', 'cache', 'export', '-o', file, '/t/ools')
    await gantry('builder', 'cache', 'rm', '/t/ools')
    assert.equal((await gantry('builder', 'cache', 'ls', '-q')).stdout, '')
    await leavesNothing(daemon(), async () => {
      const missing = await daemon().gantry(['builder', 'cache', 'export', '/t/ools'])
      assert.match(missing.stderr, /No such cache mount: \/t\/ools/)
      const broken = await daemon().gantry(['builder', 'cache', 'import', '/t/ools'], {
        input: 'x'.repeat(2000),
      })
      assert.notEqual(broken.exitCode, 0)
    })
    await gantry('builder', 'cache', 'import', '-i', file, '/t/ools')
    await gantry('build', '-q', '-t', 'imported', '--build-arg', 'N=two', root)
    assert.equal((await gantry('run', '--rm', 'imported', 'cat', '/seen')).stdout, 'one\ntwo\n')
    const listed = await daemon().docker(['system', 'df', '-v'])
    assert.match(listed.stdout, /exec\.cachemount +8B/)
    await gantry('builder', 'prune', '-af', '--filter', 'type=exec.cachemount')
    assert.equal((await gantry('builder', 'cache', 'ls', '-q')).stdout, '')
  })

  test('CVE-2024-24557: an image from elsewhere is no cache, whatever its history says', async () => {
    const root = await context({ Dockerfile: 'FROM busybox\nRUN cat /proc/sys/kernel/random/uuid > /uuid\n' })
    const tag = 'poisoned'
    await gantry('build', '-q', '-t', tag, root)
    const uuid = async () => (await gantry('run', '--rm', tag, 'cat', '/uuid')).stdout
    const first = await uuid()
    await gantry('build', '-q', '-t', tag, root)
    assert.equal(await uuid(), first)
    const archive = join(top, 'poisoned.tar')
    await gantry('save', '-o', archive, tag)
    await gantry('rmi', tag)
    await gantry('builder', 'prune', '-af')
    for (const build of [['gantry'], ['docker', { env: { DOCKER_BUILDKIT: '0' } }]] as const) {
      await gantry('load', '-i', archive)
      assert.equal(await uuid(), first)
      const done = await daemon()[build[0]](['build', '-t', tag, root], build[1])
      assert.equal(done.exitCode, 0, done.stderr)
      assert.notEqual(await uuid(), first, build[0])
      await gantry('rmi', tag)
      await gantry('builder', 'prune', '-af')
    }
  })

  test('a cache in a registry: another machine runs nothing', async (t) => {
    const registry = await startRegistry({}, t)
    const other = await startDaemon(t)
    const root = await context({
      Dockerfile: [
        'FROM busybox AS tool',
        'RUN echo tool > /tool && rm /bin/vi 2>/dev/null || true',
        'FROM busybox',
        'WORKDIR /work',
        'COPY f .',
        'RUN echo ran >> f',
        'COPY --link --from=tool /tool /tool',
      ].join('\n'),
      f: 'file\n',
    })
    const ref = `${registry.host}/app:cache`
    const made = await gantry(
      'build',
      '-t',
      'shared',
      '--cache-to',
      `type=registry,ref=${ref},mode=max`,
      root,
    )
    assert.match(made.stderr, /exporting cache to registry/)
    const build = async (...args: string[]): Promise<string> => {
      const done = await other.gantry(['build', '-t', 'shared', ...args, root])
      assert.equal(done.exitCode, 0, `${done.stderr}\n${other.log}`)
      return done.stderr
    }
    const told = await build('--cache-from', `type=registry,ref=${ref}`)
    assert.equal(told.match(/^#\d+ CACHED$/gm)?.length, 7, told)
    const seen = await other.gantry(['run', '--rm', 'shared', 'cat', '/work/f', '/tool'])
    assert.equal(seen.stdout, 'file\nran\ntool\n', seen.stderr)
    // From now on it is this machine's own; what is not there is told of, and the build goes on.
    const again = await build('--cache-from', `${registry.host}/nothing:here`)
    assert.match(again, /importing cache manifest from [^\n]*nothing[\s\S]*ERROR/)
    assert.equal(again.match(/^#\d+ CACHED$/gm)?.length, 7, again)
    // An image that carries its cache itself.
    const inline = await context({
      Dockerfile: 'FROM busybox\nRUN echo inline > /i\nCOPY f /\nENV A=b\n',
      f: 'f',
    })
    const image = `${registry.host}/app:inline`
    await gantry('build', '-t', image, '--push', '--cache-to', 'type=inline', inline)
    const carried = await other.gantry(['build', '-t', 'carried', '--cache-from', image, inline])
    assert.equal(carried.stderr.match(/^#\d+ CACHED$/gm)?.length, 3, carried.stderr)
    const shown = await other.gantry(['run', '--rm', 'carried', 'cat', '/i', '/f'])
    assert.equal(shown.stdout, 'inline\nf')
    // Docker's classic clients mean images of the machine; one that carries its cache says what it is made of.
    await other.gantry(['rmi', 'carried'])
    await other.gantry(['builder', 'prune', '-af'])
    const pulled = await other.docker(['pull', '-q', image])
    assert.equal(pulled.exitCode, 0, pulled.stderr)
    const classically = await other.docker(['build', '--cache-from', 'none', '--cache-from', image, inline], {
      env: { DOCKER_BUILDKIT: '0' },
    })
    assert.equal(classically.exitCode, 0, classically.stderr)
    assert.equal(classically.stdout.match(/^ ---> Using cache$/gm)?.length, 2, classically.stdout)
    // Such a client makes one, too, and is told which image it is.
    const classic = { env: { DOCKER_BUILDKIT: '0' } }
    const iid = join(top, 'classic-iid')
    const flags = ['--build-arg', 'BUILDKIT_INLINE_CACHE=1', '--iidfile', iid, '-t', 'carrying']
    const carrying = await other.docker(['build', ...flags, inline], classic)
    assert.equal(carrying.exitCode, 0, carrying.stderr)
    assert.equal(await readFile(iid, 'utf8'), (await other.dockerode.getImage('carrying').inspect()).Id)
    await other.gantry(['rmi', '-f', image])
    await other.gantry(['builder', 'prune', '-af'])
    const found = await other.docker(['build', '--cache-from', 'carrying', inline], classic)
    assert.equal(found.stdout.match(/^ ---> Using cache$/gm)?.length, 3, found.stdout)
    await inDirectories(other)
    const refused = await other.gantry(['build', '--cache-to', 'type=gha', root])
    assert.match(refused.stderr, /--cache-to of type "gha" is not available/)
  })

  test('a cache of the result alone spares another machine the stages that the result was copied from', async (t) => {
    const registry = await startRegistry({}, t)
    const lines = [
      'FROM busybox AS made',
      'COPY f /',
      'RUN date +%N | tee -a /f > /g',
      'FROM busybox',
      'RUN echo base > /b',
    ]
    const more = [
      'COPY --from=made /f /',
      'RUN --mount=from=made,target=/m cat /m/f >> /b',
      'COPY --link --from=made /f /l',
    ]
    const root = await context({ Dockerfile: [...lines, ...more].join('\n'), f: 'one\n' })
    const image = `${registry.host}/app:inline`
    const cache = `${registry.host}/app:min`
    const min = ['--cache-to', `type=registry,ref=${cache}`]
    const made = await gantry('build', '-t', image, '--push', '--cache-to', 'type=inline', ...min, root)
    assert.equal(made.exitCode, 0, made.stderr)
    const seen = async (...run: string[]) => (await daemon().gantry(['run', '--rm', image, ...run])).stdout
    const files = ['cat', '/b', '/f', '/l']
    const steps = (told: string): string[] =>
      told.match(/^#\d+ \[made \d\/\d\] (RUN|COPY).*\n#\d+ (?!CACHED).*$/gm) ?? []
    for (const from of [cache, image]) {
      const other = await startDaemon(t)
      const build = async (...args: string[]): Promise<string> => {
        const done = await other.gantry(['build', '-t', 'app', '--cache-from', from, ...args, root])
        assert.equal(done.exitCode, 0, `${done.stderr}\n${other.log}`)
        return done.stderr
      }
      const told = await build()
      assert.deepEqual(steps(told), [])
      assert.equal((await other.gantry(['run', '--rm', 'app', ...files])).stdout, await seen(...files))
      // All of it is there when all of it is asked for.
      const all = await build('--cache-to', `type=registry,ref=${registry.host}/app:max,mode=max`)
      assert.equal(steps(all).length, 2, all)
      await other.stop()
    }
    await writeFile(join(root, 'f'), 'two\n')
    const other = await startDaemon(t)
    const changed = await other.gantry(['build', '-t', 'app', '--cache-from', cache, root])
    assert.match(changed.stderr, /RUN date/)
    assert.match((await other.gantry(['run', '--rm', 'app', ...files])).stdout, /^base\ntwo\n/)
  })

  test('docker buildx: caches in an image, a registry and a directory', { timeout: 300_000 }, async (t) => {
    const plugin = await buildx()
    if (plugin === null) return t.skip('there is no docker-buildx here')
    const registry = await startRegistry({}, t)
    const root = await context({
      Dockerfile:
        'FROM busybox AS a\nRUN echo x > /x && echo y > /y\nFROM busybox\nCOPY --from=a /x /\nCOPY f /\n',
      f: 'file',
    })
    const directory = join(top, 'buildx-cache')
    const env = buildxEnvironment(daemon().host, top)
    const build = async (tag: string, ...args: string[]): Promise<number> => {
      const done = await run(plugin, ['build', '--progress=plain', '-t', tag, ...args, root], { env })
      await daemon().gantry(['rmi', tag])
      await gantry('builder', 'prune', '-af')
      assert.equal(done.exitCode, 0, `${done.stderr}\n${daemon().log.slice(-5000)}`)
      return done.stderr.match(/^#\d+ CACHED$/gm)?.length ?? 0
    }
    const ref = `type=registry,ref=${registry.host}/bx:cache`
    const local = `type=local,dest=${directory},tag=main,mode=max,compression=zstd,force-compression=true`
    await build('bx', '--cache-to', `${ref},mode=max`, '--cache-to', local)
    assert.equal(await build('bx', '--cache-from', ref), 5)
    assert.equal(await build('bx', '--cache-from', `type=local,src=${directory},tag=main`), 5)
    const magic = await Array.fromAsync(await readdir(`${directory}/blobs/sha256`), async (name) =>
      (await readFile(`${directory}/blobs/sha256/${name}`)).readUInt32LE(0),
    )
    assert.equal(magic.filter((number) => number === 0xfd2fb528).length, 4, 'layers compressed by zstd')
    for (const [name, ...flags] of [
      ['option', '--cache-to', 'type=inline'],
      ['argument', '--build-arg', 'BUILDKIT_INLINE_CACHE=1'],
    ] as const) {
      const image = `${registry.host}/bx:${name}`
      await build(image, '--push', ...flags)
      assert.equal(await build('bx', '--cache-from', image), 5, name)
    }
  })

  /** What another daemon finds in a directory that this one has filled. */
  async function inDirectories(other: Awaited<ReturnType<typeof startDaemon>>): Promise<void> {
    const root = await context({
      Dockerfile: [
        'FROM busybox AS tool',
        'RUN echo local-tool > /tool',
        'FROM busybox',
        'COPY f /f',
        'RUN echo local >> /f',
        'COPY --from=tool /tool /tool',
      ].join('\n'),
      f: 'file\n',
    })
    const directory = join(top, 'caches/one')
    const to = (tag: string, ...more: string[]) =>
      `${['type=local', `dest=${directory}`, `tag=${tag}`, ...more]}`
    const told = await gantry('build', '--cache-to', to('all', 'mode=max'), root)
    assert.match(told.stderr, /exporting cache to client directory/)
    const small = await context({ Dockerfile: 'FROM busybox\nRUN echo small > /s\n' })
    await gantry('build', '--cache-to', to('small', 'image-manifest=false'), small)
    const build = async (tag: string, from: string): Promise<{ cached: number; stderr: string }> => {
      const source = `type=local,src=${join(top, 'caches')}/${from}`
      const done = await other.gantry(['build', '-t', 'local', '--cache-from', source, tag])
      assert.equal(done.exitCode, 0, `${done.stderr}\n${other.log}`)
      return { cached: done.stderr.match(/^#\d+ CACHED$/gm)?.length ?? 0, stderr: done.stderr }
    }
    const missing = await build(small, 'none')
    assert.match(missing.stderr, /^WARNING: local cache import at [^\n]*none not found due to err: open /m)
    await other.gantry(['builder', 'prune', '-af'])
    await other.gantry(['rmi', 'local'])
    const found = await build(root, 'one,tag=all')
    assert.equal(found.cached, 6, found.stderr)
    const seen = await other.gantry(['run', '--rm', 'local', 'cat', '/f', '/tool'])
    assert.equal(seen.stdout, 'file\nlocal\nlocal-tool\n', seen.stderr)
    // One tag beside the other, and blobs that are not what they should be: told of, or run again.
    const index = JSON.parse(await readFile(join(directory, 'index.json'), 'utf8'))
    assert.equal(index.manifests.length, 2)
    const { digest } = index.manifests[1]
    const blob = join(directory, 'blobs/sha256', digest.slice('sha256:'.length))
    await writeFile(blob, (await readFile(blob, 'utf8')).replace('manifests', 'MANIFESTS'))
    const broken = await build(small, 'one,tag=small')
    assert.match(broken.stderr, /is not what its digest says/)
    assert.equal(broken.cached, 1, broken.stderr)
    const classic = await daemon().docker(['build', '--cache-from', 'type=local,src=/etc', small], {
      env: { DOCKER_BUILDKIT: '0' },
    })
    assert.notEqual(classic.exitCode, 0)
  }
})
