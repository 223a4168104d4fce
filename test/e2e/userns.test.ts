/** `--userns-remap`: the root of a container is nobody of importance on the host, and nothing in the container shows it. */
import assert from 'node:assert/strict'
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { after, before, suite, test } from 'node:test'
import { okBy } from './commands.ts'
import { run as runCommand, startDaemon, suiteDaemon, until } from './harness.ts'

const accountFiles = ['/etc/subuid', '/etc/subgid']
const flags = ['--userns-remap', 'default']

suite('userns-remap', { concurrency: 1 }, () => {
  const found = new Map<string, string>()
  let scratch = ''
  let root = 0

  // `default` writes down a range for its user, which is not to stay.
  before(async () => {
    for (const file of accountFiles) found.set(file, await readFile(file, 'utf8').catch(() => ''))
    scratch = await mkdtemp('/tmp/gantry-userns-e2e-')
    await chmod(scratch, 0o755)
  })
  const daemon = suiteDaemon({ flags })
  before(async () => {
    await chmod(daemon().root, 0o711)
    root = Number(/^dockremap:(\d+):/m.exec(await readFile('/etc/subuid', 'utf8'))?.[1])
  })
  after(async () => {
    for (const [file, text] of found) await writeFile(file, text)
    await rm(scratch, { recursive: true })
  })

  for (const client of ['gantry', 'docker'] as const) {
    const run = (...args: string[]) => daemon()[client](args, { timeout: 120_000 })

    const ok = okBy((args) => run(...args))
    const inside = (options: string[], script: string) =>
      ok('run', '--rm', ...options, 'busybox', 'sh', '-c', script)

    for (const runtime of ['crun', 'runc']) {
      const options = ['--runtime', runtime]

      test(`${client}, ${runtime}: root in the container is another user of the host`, async (t) => {
        const id = await ok(
          'run',
          '-d',
          ...options,
          '-v',
          `named-${client}-${runtime}:/etc`,
          'busybox',
          'sleep',
          '600',
        )
        t.after(() => run('rm', '-fv', id))
        const pid = await ok('inspect', '-f', '{{.State.Pid}}', id)
        assert.match(
          await readFile(`/proc/${pid}/status`, 'utf8'),
          new RegExp(`^Uid:\t${root}\t${root}\t`, 'm'),
        )
        assert.equal(await ok('exec', id, 'id', '-u'), '0')
        assert.match(await ok('exec', id, 'cat', '/proc/self/uid_map'), new RegExp(`^ *0 +${root} +65536$`))
        await ok('exec', id, 'sh', '-c', 'touch /made && chown 7:8 /made && rm /bin/vi')

        // On the disk, the container's own layer has the ids of the container, like the image's.
        const dataRoot = `${daemon().root}/data/${root}.${root}`
        const made = await stat(`${dataRoot}/containers/${id}/upper/made`)
        assert.deepEqual([made.uid, made.gid], [7, 8])
        // A volume is the host's: its files belong to those who wrote them.
        const volume = await stat(`${dataRoot}/volumes/named-${client}-${runtime}/_data/passwd`)
        assert.deepEqual([volume.uid, volume.gid], [root, root])
      })

      test(`${client}, ${runtime}: what is put into a container belongs to its root`, async () => {
        const files = [
          '/',
          '/etc/passwd',
          '/etc/hosts',
          '/etc/resolv.conf',
          '/t',
          '/v',
          '/dev/shm',
          '/proc/self/fd',
        ]
        const mounts = ['--tmpfs', '/t', '-v', '/v', '--ipc', 'shareable', '-h', 'box']
        const owners = await inside([...options, ...mounts], `stat -c '%u:%g' ${files.join(' ')}`)
        assert.deepEqual(
          owners.split('\n'),
          files.map(() => '0:0'),
        )
        await writeFile(`${scratch}/mine`, '')
        const bound = await inside(
          [...options, '-v', `${scratch}:/b:ro`],
          'stat -c %u /b/mine; echo x >> /etc/hosts',
        )
        assert.equal(bound, '65534')
      })

      test(`${client}, ${runtime}: stdio, terminals, ports and users`, async (t) => {
        const script = 'echo one > /dev/stdout; echo two > /dev/stderr; id -u'
        for (const user of ['0', '9']) {
          const { stdout, stderr } = await run(
            'run',
            '--rm',
            ...options,
            '-u',
            user,
            'busybox',
            'sh',
            '-c',
            script,
          )
          assert.deepEqual([stdout, stderr], [`one\n${user}\n`, 'two\n'])
        }
        const id = await ok(
          'run',
          '-d',
          ...options,
          'busybox',
          'sh',
          '-c',
          'while :; do echo x | nc -l -p 80; done',
        )
        t.after(() => run('rm', '-f', id))
        for (const user of ['0', '9']) {
          const { stdout, stderr } = await run('exec', '-u', user, id, 'sh', '-c', script)
          assert.deepEqual([stdout, stderr], [`one\n${user}\n`, 'two\n'])
        }
        assert.match(
          await ok('exec', '-t', id, 'sh', '-c', 'echo hi > $(tty); stat -c %u $(tty)'),
          /^hi\r\n0\r?$/,
        )
        const network = ['--network', `container:${id}`, '--pid', `container:${id}`]
        assert.equal(
          await inside(
            [...options, ...network],
            'until nc -w 30 127.0.0.1 80; do sleep 0.1; done; grep -q while /proc/1/cmdline && echo seen',
          ),
          'x\nseen',
        )
      })
    }

    if (client === 'docker')
      test('files are copied in and out, committed and exported with the container’s owners', async (t) => {
        const id = await ok(
          'run',
          '-d',
          '-v',
          '/vol',
          'busybox',
          'sh',
          '-c',
          'echo x > /vol/own; chown 7:8 /vol/own; echo x > /own; chown 7:8 /own; sleep 600',
        )
        t.after(() => run('rm', '-fv', id))
        await until('its files', async () => (await run('exec', id, 'stat', '/own')).exitCode === 0)
        await writeFile(`${scratch}/given`, 'text')
        await chown(`${scratch}/given`, 5, 6)
        const copied = async (path: string) => {
          const archive = await runCommand('sh', [
            '-c',
            `docker -H ${daemon().host} cp ${id}:${path} - | tar tvf - --numeric-owner`,
          ])
          return archive.stdout.split(/ +/)[1]
        }
        for (const state of ['running', 'stopped']) {
          if (state === 'stopped') await ok('stop', '-t', '0', id)
          await daemon().docker(['cp', '-a', `${scratch}/given`, `${id}:/vol/${state}`])
          await daemon().docker(['cp', '-a', `${scratch}/given`, `${id}:/${state}`])
          for (const [path, owner] of [
            ['/vol/own', '7/8'],
            ['/own', '7/8'],
            ['/etc/passwd', '0/0'],
            [`/vol/${state}`, '5/6'],
            [`/${state}`, '5/6'],
          ] as const)
            assert.equal(await copied(path), owner, `${state}: ${path}`)
        }
        await ok('start', id)
        assert.equal(await ok('exec', id, 'stat', '-c', '%u:%g', '/running', '/vol/stopped'), '5:6\n5:6')
        const exported = await runCommand('sh', [
          '-c',
          `docker -H ${daemon().host} export ${id} | tar tvf - --numeric-owner own etc/passwd`,
        ])
        assert.deepEqual(
          exported.stdout
            .split('\n')
            .map((line) => line.split(/ +/)[1])
            .filter(Boolean)
            .sort(),
          ['0/0', '7/8'],
        )
        await daemon().docker(['commit', id, 'remapped:1'])
        assert.equal(
          await ok('run', '--rm', '--userns', 'host', 'remapped:1', 'stat', '-c', '%u:%g', '/own'),
          '7:8',
        )
      })

    if (client === 'gantry')
      test('debug joins the user namespace too', async (t) => {
        const id = await ok('run', '-d', 'busybox', 'sleep', '600')
        t.after(() => run('rm', '-f', id))
        const script = 'cat /proc/self/uid_map; touch /made; stat -c %u /made /dev/debug/busybox; hostname'
        const [map, ...rest] = (await ok('debug', id, 'sh', '-c', script)).split('\n')
        assert.match(map ?? '', new RegExp(`^ *0 +${root} +65536$`))
        assert.deepEqual(rest, ['0', '65534', id.slice(0, 12)])
        await ok('stop', '-t', '0', id)
        assert.equal(await ok('debug', id, 'sh', '-c', 'id -u; stat -c %u /made /etc/passwd'), '0\n0\n0')
        assert.deepEqual(await readdir(`${daemon().root}/exec/userns`), [])
      })

    test(`${client}: --userns=host opts out, and the rest of the host is out of reach`, async (t) => {
      assert.match(await inside(['--userns', 'host'], 'cat /proc/self/uid_map'), / 0 +0 +4294967295$/)
      assert.equal(await inside(['--userns', 'host', '--privileged'], 'stat -c %u /etc/passwd'), '0')
      const refused = async (options: string[], message: string) => {
        const { stderr, exitCode } = await run('run', '--rm', ...options, 'busybox', 'true')
        assert.ok(stderr.includes(message), stderr)
        assert.equal(exitCode, 125)
      }
      await refused(
        ['--privileged'],
        'privileged mode is incompatible with user namespaces.  You must run the container',
      )
      await refused(
        ['--network', 'host'],
        "cannot share the host's network namespace when user namespaces are enabled",
      )
      await refused(['--pid', 'host'], 'cannot share the host PID namespace when user namespaces are enabled')
      const own = await ok('run', '-d', '--userns', 'host', 'busybox', 'sleep', '600')
      t.after(() => run('rm', '-f', own))
      await refused(['--pid', `container:${own}`], `cannot join namespaces of container ${own}`)
    })

    test(`${client}: processes and shared memory of another container, with a network of its own`, async (t) => {
      const id = await ok('run', '-d', '--ipc', 'shareable', 'busybox', 'sleep', '601')
      t.after(() => run('rm', '-f', id))
      await ok('exec', id, 'touch', '/dev/shm/shared')
      for (const runtime of ['crun', 'runc']) {
        const shared = ['--runtime', runtime, '--pid', `container:${id}`, '--ipc', `container:${id}`]
        const script =
          'tr "\\0" " " < /proc/1/cmdline; ls /dev/shm; hostname -i; ping -c 1 -w 5 localhost >/dev/null && id -u'
        const [command, address, user] = (await inside(shared, script)).split('\n')
        assert.equal(command, 'sleep 601 shared')
        assert.notEqual(address, await ok('exec', id, 'hostname', '-i'))
        assert.equal(user, '0')
      }
    })
  }

  for (const client of ['gantry', 'docker'] as const)
    test(`${client}: builds: steps are remapped too, layers have the owners of the container`, async () => {
      const context = `${scratch}/build-${client}`
      await mkdir(`${context}/dir`, { recursive: true })
      await writeFile(`${context}/dir/file`, 'text')
      await writeFile(
        `${context}/Dockerfile`,
        [
          'FROM busybox AS base',
          'RUN touch /eleven && chown 11:12 /eleven && chmod 4711 /eleven',
          'FROM busybox',
          'COPY dir /copied',
          'COPY --chown=5:6 dir/file /five',
          'COPY --from=base /eleven /eleven',
          'WORKDIR /made/here',
          'RUN cat /proc/self/uid_map > /map && stat -c %u:%g / /etc/passwd /etc/hosts /made/here . > /seen',
          'RUN touch own && chown 7:8 own && rm /bin/vi && ls -l /proc/self/ns/net && ip link show eth0',
          'RUN --network=none echo x > /dev/stdout && ! ip link show eth0',
          'USER 9:9',
          'RUN id -u > /tmp/nine; echo x >> /etc/passwd || echo refused > /tmp/refused',
        ].join('\n'),
      )
      const options = { env: { DOCKER_BUILDKIT: '0' }, timeout: 120_000 }
      const tag = `remapped-${client}`
      const built = await daemon()[client](['build', '--no-cache', '-t', tag, context], options)
      assert.equal(built.exitCode, 0, `${built.stdout}${built.stderr}${daemon().log}`)
      const script =
        'stat -c "%n %u:%g %a" /copied /copied/file /five /eleven /made/here/own /tmp/nine; cat /seen /tmp/refused /map'
      const seen = await daemon().gantry([
        'run',
        '--rm',
        '--userns',
        'host',
        '-u',
        '0',
        tag,
        'sh',
        '-c',
        script,
      ])
      const lines = seen.stdout.trimEnd().split('\n')
      assert.match(lines.pop() ?? '', new RegExp(`^ *0 +${root} +65536$`))
      assert.deepEqual(lines, [
        '/copied 0:0 755',
        '/copied/file 0:0 644',
        '/five 5:6 644',
        '/eleven 11:12 4711',
        '/made/here/own 7:8 644',
        '/tmp/nine 9:9 644',
        ...Array(5).fill('0:0'),
        'refused',
      ])
      assert.equal((await daemon().gantry(['run', '--rm', tag, 'id', '-u'])).stdout, '9\n')
      assert.deepEqual(await readdir(`${daemon().root}/exec/userns`), [])
      assert.deepEqual(await readdir(`${daemon().root}/exec/build`), [])
      assert.deepEqual(await readdir(`${daemon().root}/exec/views`).catch(() => []), [])
    })

  test('builds: mounts of steps have the owners of the container, and stay so', async () => {
    const context = `${scratch}/build-mounts`
    await mkdir(context)
    await writeFile(`${context}/file`, 'text')
    await writeFile(
      `${context}/Dockerfile`,
      [
        'FROM busybox AS base',
        'RUN mkdir /tree && touch /tree/seven && chown 7:8 /tree/seven && echo "#!/bin/sh" > /tree/tool',
        'FROM busybox',
        'RUN --mount=type=cache,target=/cache,uid=3,gid=4 stat -c %u:%g /cache >> /seen; touch /cache/a; chown 5:6 /cache/a',
        'RUN --mount=type=cache,target=/cache,uid=3,gid=4 stat -c %u:%g /cache/a >> /seen',
        'RUN --mount=from=base,source=/tree,target=/t stat -c %u:%g /t /t/seven >> /seen; ! touch /t/x',
        'RUN --mount=from=base,source=/tree,target=/t,rw touch /t/x && stat -c %u:%g /t/x >> /seen',
        'RUN --mount=from=base,source=/tree/tool,target=/tool stat -c %u:%g /tool >> /seen',
        'RUN --mount=target=/c stat -c %u:%g /c/file >> /seen; cat /c/file >> /seen; echo >> /seen',
        'RUN --mount=type=tmpfs,target=/t touch /t/x && stat -c %u:%g /t/x >> /seen',
        'RUN --mount=type=secret,id=s,uid=9,mode=0400 stat -c %u:%g:%a /run/secrets/s >> /seen',
        'USER 9',
        'RUN --mount=type=secret,id=s,uid=9,mode=0400 cat /run/secrets/s > /tmp/secret',
        'RUN --mount=type=secret,id=s,uid=10,mode=0400 ! cat /run/secrets/s',
        'RUN <<END\n#!/bin/sh\nid -u > /tmp/script\nEND',
        'USER 0',
      ].join('\n'),
    )
    await writeFile(`${scratch}/secret`, 'hidden')
    const args = ['build', '-t', 'mounts', '--secret', `id=s,src=${scratch}/secret`, context]
    const built = await daemon().gantry(args)
    assert.equal(built.exitCode, 0, `${built.stdout}${built.stderr}${daemon().log}`)
    const seen = await daemon().gantry([
      'run',
      '--rm',
      'mounts',
      'cat',
      '/seen',
      '/tmp/secret',
      '/tmp/script',
    ])
    assert.deepEqual(seen.stdout.trimEnd().split('\n'), [
      ...['3:4', '5:6', '0:0', '7:8', '0:0', '0:0', '0:0', 'text', '0:0', '9:0:400', 'hidden9'],
    ])
    const refused = await daemon().gantry(['build', '--network', 'host', '--no-cache', context])
    assert.match(refused.stderr, /cannot share the host's network namespace when user namespaces are enabled/)
    assert.deepEqual(await readdir(`${daemon().root}/exec/userns`), [])
    assert.deepEqual(await readdir(`${daemon().root}/exec/views`), [])
    assert.doesNotMatch(
      await readFile('/proc/self/mountinfo', 'utf8'),
      new RegExp(`${daemon().root}/exec/(views|tasks)`),
    )
  })

  test('info tells of it, and other users of the host still reach nothing', async () => {
    const { body } = await daemon().api('GET', '/v1.47/info')
    const { DockerRootDir, SecurityOptions } = body as { DockerRootDir: string; SecurityOptions: string[] }
    assert.equal(DockerRootDir, `${daemon().root}/data/${root}.${root}`)
    assert.ok(SecurityOptions.includes('name=userns'))
    for (const path of ['data', `data/${root}.${root}`, `data/${root}.${root}/containers`, 'exec/tasks'])
      assert.equal((await stat(`${daemon().root}/${path}`)).mode & 0o007, 0, path)
  })

  test('nothing is left, whether the daemon dies or the start fails', async (t) => {
    const other = await startDaemon(t, { flags })
    await chmod(other.root, 0o711)
    const left = async () => await readdir(`${other.root}/exec/userns`).catch(() => [])
    assert.equal((await other.gantry(['run', '--rm', 'busybox', 'true'])).exitCode, 0)
    assert.deepEqual(await left(), [])
    for (const fault of [
      'container.start.network:fail',
      'container.start.spec:crash',
      'container.start.running:crash',
    ]) {
      await other.stop()
      await other.start({ GANTRY_FAULT: fault })
      await other.gantry(['run', '-d', '--name', 'victim', 'busybox', 'sleep', '600'])
      if (fault.endsWith('crash')) await other.ended()
      else await other.stop()
      await other.start()
      assert.equal((await other.gantry(['start', 'victim'])).exitCode, 0, fault)
      assert.equal((await other.gantry(['exec', 'victim', 'id', '-u'])).stdout, '0\n', fault)
      await other.gantry(['rm', '-f', 'victim'])
      assert.deepEqual(await left(), [], fault)
    }
    const step = 'FROM busybox\nRUN --mount=type=cache,target=/cache touch /cache/kept; ls /cache > /seen\n'
    const build = () => other.gantry(['build', '--no-cache', '-t', 'after', '-'], { input: step })
    assert.equal((await build()).exitCode, 0)
    await other.stop()
    await other.start({ GANTRY_FAULT: 'build.run.started:crash' })
    await build()
    await other.ended()
    await other.start()
    assert.equal((await build()).exitCode, 0)
    assert.equal((await other.gantry(['run', '--rm', 'after', 'cat', '/seen'])).stdout, 'kept\n')
    assert.deepEqual(await left(), [])
    assert.deepEqual(await readdir(`${other.root}/exec/views`), [])
  })
})
