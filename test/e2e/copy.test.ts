/** Files into and out of containers, their export and their changes, through both command lines. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { type CommandResult, run, suiteDaemon, until } from './harness.ts'

suite('copying', () => {
  const daemon = suiteDaemon()
  let local = ''

  before(async () => {
    local = await mkdtemp('/var/tmp/gantry-copy-')
    await mkdir(`${local}/dir/sub`, { recursive: true })
    await writeFile(`${local}/file`, 'local\n')
    await writeFile(`${local}/dir/sub/deep`, 'deep\n')
    await symlink('sub/deep', `${local}/dir/link`)
  })
  after(() => rm(local, { recursive: true, force: true }))

  type Cli = 'gantry' | 'docker'
  const call = (cli: Cli, ...args: string[]): Promise<CommandResult> => daemon()[cli](args, { cwd: local })
  async function ok(cli: Cli, ...args: string[]): Promise<string> {
    const result = await call(cli, ...args)
    assert.equal(result.exitCode, 0, `${cli} ${args.join(' ')}: ${JSON.stringify(result)}`)
    return result.stdout.trimEnd()
  }
  async function fails(message: string | RegExp, cli: Cli, ...args: string[]): Promise<void> {
    const { exitCode, stderr } = await call(cli, ...args)
    assert.equal(exitCode, 1, args.join(' '))
    const text = stderr.replace(/^time=.*\n/gm, '').trim()
    if (typeof message === 'string') assert.equal(text, message)
    else assert.match(text, message)
  }
  const mounts = async () =>
    (await readFile('/proc/self/mountinfo', 'utf8'))
      .split('\n')
      .filter((line) => line.includes(daemon().root)).length

  /** What the API tells of an object before a copy. */
  async function statOf(name: string, path: string): Promise<{ size: number; mtime: string }> {
    const target = { socketPath: daemon().socket, path: `/containers/${name}/archive?path=${path}` }
    const asked = request({ ...target, method: 'HEAD', signal: AbortSignal.timeout(60_000) }).end()
    const [{ headers }] = (await once(asked, 'response')) as [IncomingMessage]
    return JSON.parse(Buffer.from(String(headers['x-docker-container-path-stat']), 'base64').toString())
  }

  for (const cli of ['gantry', 'docker'] as const) {
    test(`${cli}: into and out of running and stopped containers, volumes and bind mounts`, async () => {
      const script = 'echo in > /vol/in; ln -s /vol /link; exec sleep 600'
      const options = ['-v', `${cli}-v:/vol`, '-v', `${local}/dir:/bind`, 'busybox']
      await ok(cli, 'run', '-d', '--name', cli, ...options, 'sh', '-c', script)
      await until(
        'the link',
        async () => (await call(cli, 'exec', cli, 'test', '-e', '/link')).exitCode === 0,
      )
      for (const state of ['running', 'stopped']) {
        const before = await mounts()
        await ok(cli, 'cp', 'file', `${cli}:/vol/new-${state}`)
        await ok(cli, 'cp', 'dir', `${cli}:/link/${state}`)
        await ok(cli, 'cp', `${cli}:/link/in`, `${cli}-in`)
        assert.equal(await readFile(`${local}/${cli}-in`, 'utf8'), 'in\n')
        await ok(cli, 'cp', `${cli}:/bind/sub/.`, `${cli}-sub-${state}`)
        assert.deepEqual(await readdir(`${local}/${cli}-sub-${state}`), ['deep'])
        await ok(cli, 'cp', `${cli}:/etc/hostname`, `${cli}-hostname`)
        assert.match(await readFile(`${local}/${cli}-hostname`, 'utf8'), /^[0-9a-f]{12}\n$/)
        await ok(cli, 'cp', `${cli}:/link`, `${cli}-link-${state}`)
        assert.equal(await readlink(`${local}/${cli}-link-${state}`), '/vol')
        await ok(cli, 'cp', '-L', `${cli}:/link/${state}/link`, `${cli}-followed`)
        assert.equal(await readFile(`${local}/${cli}-followed`, 'utf8'), 'deep\n')
        assert.equal(await mounts(), before)
        if (state === 'running') await ok(cli, 'stop', '-t', '0', cli)
      }
      const data = `${daemon().root}/data/volumes/${cli}-v/_data`
      const found = (await readdir(data)).sort()
      assert.deepEqual(found, ['in', 'new-running', 'new-stopped', 'running', 'stopped'])
      await ok(cli, 'start', cli)
      assert.equal(await ok(cli, 'exec', cli, 'cat', '/vol/stopped/link'), 'deep')
    })

    test(`${cli}: owners, modes, times, links and devices survive the way there and back`, async () => {
      const name = `${cli}-tree`
      const script =
        'mkdir -p /t/d; echo x > /t/f; ln /t/f /t/hard; chown 12:34 /t/f; chmod 4750 /t/f; mkfifo /t/p; mknod /t/n c 1 3; ln -s ../gone /t/l; touch -d "2001-02-03 04:05:06" /t/f /t/d'
      await ok(cli, 'run', '--name', name, 'busybox', 'sh', '-c', script)
      await ok(cli, 'cp', `${name}:/t`, `${name}`)
      const file = await stat(`${local}/${name}/f`)
      assert.deepEqual(
        [file.mode & 0o7777, file.nlink, file.mtime.getTime()],
        [0o4750, 2, Date.UTC(2001, 1, 3, 4, 5, 6)],
      )
      assert.ok((await stat(`${local}/${name}/p`)).isFIFO())
      assert.ok((await stat(`${local}/${name}/n`)).isCharacterDevice())
      assert.equal((await stat(`${local}/${name}/d`)).mtime.getTime(), Date.UTC(2001, 1, 3, 4, 5, 6))
      execFileSync('chown', ['55:66', `${local}/${name}/f`])
      execFileSync('chmod', ['4750', `${local}/${name}/f`])
      await ok(cli, 'cp', `${name}/.`, `${name}:/back`)
      await ok(cli, 'commit', name, `${name}:1`)
      const list = 'cd /back; stat -c "%n %a %u %g %h %F %t:%T" f n p l d'
      const listed = await ok(cli, 'run', '--rm', `${name}:1`, 'sh', '-c', list)
      assert.deepEqual(listed.split('\n'), [
        'f 4750 55 66 2 regular file 0:0',
        'n 644 0 0 1 character special file 1:3',
        'p 644 0 0 1 fifo 0:0',
        'l 777 0 0 1 symbolic link 0:0',
        'd 755 0 0 2 directory 0:0',
      ])
    })

    test(`${cli}: what cannot be is refused in Docker's words`, async () => {
      const name = `${cli}-words`
      const options = ['--read-only', '-v', `${local}/dir:/ro:ro`, '-v', `${name}:/vol`, '--tmpfs', '/tmp']
      await ok(cli, 'run', '-d', '--name', name, ...options, 'busybox', 'sleep', '600')
      const daemonSays = 'Error response from daemon: '
      for (const state of ['running', 'stopped']) {
        await fails(`${daemonSays}container rootfs is marked read-only`, cli, 'cp', 'file', `${name}:/etc`)
        await fails(`${daemonSays}mounted volume is marked read-only`, cli, 'cp', 'file', `${name}:/ro/sub`)
        await ok(cli, 'cp', 'file', `${name}:/vol/${state}`)
        if (state === 'running') await ok(cli, 'cp', 'file', `${name}:/tmp/x`)
        if (state === 'running') assert.equal(await ok(cli, 'exec', name, 'cat', '/tmp/x'), 'local')
        const missing = `${daemonSays}Could not find the file /vol/no in container ${name}`
        await fails(missing, cli, 'cp', 'file', `${name}:/vol/no/such`)
        await fails('no such directory', cli, 'cp', 'file', `${name}:/vol/no/`)
        await fails('cannot copy directory', cli, 'cp', 'dir', `${name}:/vol/running`)
        const other = `destination "${name}:/vol/running" must be a directory`
        await fails(other, cli, 'cp', '-', `${name}:/vol/running`)
        if (state === 'running') await ok(cli, 'stop', '-t', '0', name)
      }
      await fails(`lstat ${local}/nosuch: no such file or directory`, cli, 'cp', 'nosuch', `${name}:/vol`)
      await fails(`${daemonSays}No such container: none`, cli, 'cp', 'none:/x', '.')
      await fails('copying between containers is not supported', cli, 'cp', `${name}:/x`, `${name}:/y`)
      await fails('must specify at least one container source', cli, 'cp', 'file', 'other')
    })

    test(`${cli}: streams, export and diff`, async () => {
      const name = `${cli}-streams`
      const script =
        'rm /bin/arp; mkdir /a; echo x > /a/b; rm -r /var/spool; mkdir /var/spool; touch /etc/passwd'
      await ok(cli, 'create', '--name', name, '-v', `${name}:/vol`, 'busybox', 'sh', '-c', script)
      const archive = execFileSync('tar', ['-C', local, '-cf', '-', 'dir'])
      for (const [kind, input] of Object.entries({
        plain: archive,
        gzip: gzipSync(archive),
        zstd: zstdCompressSync(archive),
        bzip2: execFileSync('bzip2', ['-c'], { input: archive }),
        xz: execFileSync('xz', ['-c'], { input: archive }),
      })) {
        const target = `/${kind}`
        await ok(cli, 'cp', `${local}/dir/sub/.`, `${name}:${target}`)
        const result = await daemon()[cli](['cp', '-', `${name}:${target}`], { input })
        assert.equal(result.exitCode, 0, result.stderr)
      }
      await ok(cli, 'start', '-a', name)
      const diff = (await ok(cli, 'diff', name)).split('\n')
      const wanted = [
        'C /bin',
        'D /bin/arp',
        'A /a',
        'A /a/b',
        'A /vol',
        'C /etc',
        'C /etc/passwd',
        'A /zstd/dir/link',
      ]
      for (const line of [...wanted, 'D /var/spool/mail'])
        assert.ok(diff.includes(line), `${line} in ${diff}`)
      assert.ok(
        !diff.some((line) => / \/(etc\/hosts|etc\/mtab|dev|proc|sys|\.dockerenv)$/.test(line)),
        diff.join('\n'),
      )
      await ok(cli, 'export', '-o', `${name}.tar`, name)
      const names = execFileSync('tar', ['-tf', `${local}/${name}.tar`], { encoding: 'utf8' }).split('\n')
      for (const each of [
        'a/b',
        '.dockerenv',
        'etc/hosts',
        'etc/mtab',
        'dev/console',
        'vol/',
        'gzip/dir/sub/deep',
        'bzip2/dir/sub/deep',
        'xz/dir/sub/deep',
      ])
        assert.ok(names.includes(each), each)
      assert.ok(!names.some((each) => each === 'bin/arp' || each.startsWith('vol/x')))
      assert.equal(
        (await call(cli, 'diff', 'none')).stderr.trim(),
        'Error response from daemon: No such container: none',
      )
    })

    test(`${cli}: a commit has the container's changes, and the changes asked for`, async () => {
      const name = `${cli}-commit`
      const script =
        'rm -r /var/spool; mkdir /var/spool; touch /var/spool/new; rm /bin/arp; echo kept > /kept; sleep 600'
      await ok(
        cli,
        'run',
        '-d',
        '--name',
        name,
        '-e',
        'A=b',
        '-v',
        `${name}:/vol`,
        'busybox',
        'sh',
        '-c',
        script,
      )
      await until('the file', async () => (await call(cli, 'exec', name, 'cat', '/kept')).stdout === 'kept\n')
      const changes = ['-c', 'ENTRYPOINT ["cat"]', '-c', 'CMD ["/kept"]', '-c', 'ENV C=d', '-c', 'LABEL e=f']
      const id = await ok(cli, 'commit', '-a', 'Ann', '-m', 'note', ...changes, name, `${name}:1`)
      assert.match(id, /^sha256:[0-9a-f]{64}$/)
      assert.equal(await ok(cli, 'inspect', '-f', '{{.State.Status}}', name), 'running')
      assert.equal(await ok(cli, 'run', '--rm', `${name}:1`), 'kept')
      const list = ['--entrypoint', 'sh', `${name}:1`, '-c', 'ls /var/spool /bin/arp; echo $A $C']
      const listed = await call(cli, 'run', '--rm', ...list)
      assert.equal(listed.stdout, '/var/spool:\nnew\nb d\n')
      const format = '{{.Author}} {{.Comment}} {{len .RootFS.Layers}} {{index .Config.Labels "e"}}'
      assert.equal(await ok(cli, 'image', 'inspect', '-f', format, `${name}:1`), 'Ann note 2 f')
      const history = await ok(
        cli,
        'history',
        '--no-trunc',
        '--format',
        '{{.CreatedBy}}|{{.Comment}}',
        `${name}:1`,
      )
      assert.equal(history.split('\n')[0], `sh -c ${script}|note`)
      // Of a container that changed nothing, the image has no layer more.
      await ok(cli, 'create', '--name', `${name}-same`, `${name}:1`)
      await ok(cli, 'commit', `${name}-same`, `${name}:2`)
      assert.equal(await ok(cli, 'image', 'inspect', '-f', '{{len .RootFS.Layers}}', `${name}:2`), '2')
      await fails(
        'Error response from daemon: run is not a valid change command',
        cli,
        'commit',
        '-c',
        'RUN x',
        name,
      )
    })
  }

  test('-a gives owners: the user of the container there, those of the container here', async () => {
    await ok('gantry', 'run', '--name', 'owners', '-u', 'daemon', 'busybox', 'true')
    await ok('gantry', 'cp', '-a', 'dir', 'owners:/home/d')
    await ok('gantry', 'cp', '-a', 'owners:/home/d', 'owned')
    const { uid, gid } = await stat(`${local}/owned/sub/deep`)
    assert.deepEqual([uid, gid], [1, 1])
  })

  test('a client that vanishes leaves no mount, thread or lock behind', async () => {
    await ok('gantry', 'create', '--name', 'gone', '-v', 'gone:/vol', 'busybox')
    await writeFile(`${local}/big`, Buffer.alloc(30_000_000, 'x'))
    await ok('gantry', 'cp', 'big', 'gone:/vol/big')
    const before = await mounts()
    const half = [
      'GET /containers/gone/archive?path=/vol/big HTTP/1.1\r\nHost: x\r\n\r\n',
      'GET /containers/gone/export HTTP/1.1\r\nHost: x\r\n\r\n',
      'PUT /containers/gone/archive?path=/vol HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc',
    ]
    for (const request of half) {
      const socket = connect(daemon().socket)
      socket.write(request)
      await sleep(300)
      socket.destroy()
    }
    await ok('gantry', 'start', 'gone')
    await ok('gantry', 'rm', '-f', '-v', 'gone')
    await ok('gantry', 'volume', 'rm', 'gone')
    assert.equal(await mounts(), before)
  })

  test('holes stay holes, and attributes stay with their files', async () => {
    await ok('gantry', 'create', '--name', 'sparse', 'busybox')
    const upper = `${daemon().root}/data/containers/${await ok('gantry', 'inspect', '-f', '{{.Id}}', 'sparse')}/upper`
    execFileSync('truncate', ['-s', '50M', `${upper}/holes`])
    const attribute = '0100000200200000000000000000000000000000'
    execFileSync('python3', [
      '-c',
      `import os; os.setxattr("${upper}/holes", "security.capability", bytes.fromhex("${attribute}"))`,
    ])
    await ok('gantry', 'cp', 'sparse:/holes', 'holes')
    assert.ok((await stat(`${local}/holes`)).blocks < 1000)
    await ok('docker', 'cp', 'sparse:/holes', 'holes-docker')
    assert.equal((await stat(`${local}/holes-docker`)).size, 50 * 1024 * 1024)
    await ok('gantry', 'commit', 'sparse', 'sparse:1')
    const { stdout } = await run('find', [`${daemon().root}/data/layers`, '-name', 'holes', '-printf', '%b'])
    assert.ok(Number(stdout) < 1000, stdout)
  })

  for (const format of ['gnu', 'posix', 'posix --sparse-version=0.0', 'posix --sparse-version=0.1']) {
    test(`holes of an archive stay holes in the container: ${format}`, async () => {
      const name = `sparse-${format.replaceAll(/\W+/g, '-')}`
      await ok('gantry', 'create', '--name', name, 'busybox')
      await writeFile(`${local}/sparse`, 'first')
      execFileSync(
        'sh',
        ['-c', 'printf middle | dd of=sparse seek=20M oflag=seek_bytes conv=notrunc; truncate -s 60M sparse'],
        { cwd: local, stdio: 'ignore' },
      )
      const options = `--format=${format}`.split(' ')
      const input = execFileSync('tar', ['-C', local, '-S', ...options, '-cf', '-', 'sparse'])
      assert.ok(input.length < 1_000_000)
      for (const archive of [input, gzipSync(input), execFileSync('xz', ['-c'], { input })])
        assert.equal((await daemon().docker(['cp', '-', `${name}:/home`], { input: archive })).exitCode, 0)
      const id = await ok('gantry', 'inspect', '-f', '{{.Id}}', name)
      const file = `${daemon().root}/data/containers/${id}/upper/home/sparse`
      execFileSync('cmp', [file, `${local}/sparse`])
      assert.ok((await stat(file)).blocks < 1000)
    })
  }

  test('a container that never ran has empty network files, unless its image has them', async () => {
    const files = ['/etc/hosts', '/etc/hostname', '/etc/resolv.conf']
    await ok('gantry', 'create', '--name', 'fresh', 'busybox')
    const look = async (path: string) => {
      await rm(`${local}/looked`, { force: true })
      await ok('docker', 'cp', `fresh:${path}`, 'looked')
      const { mode, size } = await stat(`${local}/looked`)
      return `${(mode & 0o777).toString(8)} ${size}`
    }
    for (const path of files) assert.equal(await look(path), '755 0', path)
    assert.equal(await ok('gantry', 'diff', 'fresh'), '')
    await ok('gantry', 'export', '-o', 'fresh.tar', 'fresh')
    const names = execFileSync('tar', ['-tf', `${local}/fresh.tar`], { encoding: 'utf8' })
    for (const path of files) assert.ok(names.includes(`${path.slice(1)}\n`), path)
    const id = await ok('gantry', 'inspect', '-f', '{{.Id}}', 'fresh')
    const top = await stat(`${daemon().root}/data/containers/${id}/upper`)
    const seen = await statOf('fresh', '/')
    assert.deepEqual([seen.size, Date.parse(seen.mtime)], [top.size, Math.trunc(top.mtimeMs)])
    await ok('gantry', 'cp', 'file', 'fresh:/etc/hosts')
    assert.equal(await look('/etc/hosts'), '644 6')
    await ok('gantry', 'commit', 'fresh', 'fresh:1')
    await ok('gantry', 'rm', 'fresh')
    await ok('gantry', 'create', '--name', 'fresh', 'fresh:1')
    assert.equal(await look('/etc/hosts'), '644 6')
  })

  test('a container that is removed while it is asked for files answers before, or is not there', async () => {
    await ok('gantry', 'create', '--name', 'leaving', 'busybox')
    const archive = execFileSync('tar', ['-C', local, '-cf', '-', 'file'])
    const head = `PUT /containers/leaving/archive?path=/tmp HTTP/1.1\r\nHost: x\r\nContent-Length: ${archive.length}\r\n\r\n`
    const holds = connect(daemon().socket)
    holds.write(Buffer.concat([Buffer.from(head), archive.subarray(0, 600)]))
    await sleep(500)
    const removed = daemon().api('DELETE', '/containers/leaving?force=1')
    await sleep(200)
    const asked = ['GET', 'GET', 'PUT'].map((method) =>
      daemon().api(method, '/containers/leaving/archive?path=/etc/passwd'),
    )
    await sleep(200)
    holds.end(archive.subarray(600))
    assert.equal((await removed).status, 204)
    // Whoever came before the removal has the answer.
    for (const { status } of await Promise.all(asked))
      assert.ok(status === 200 || status === 404, `${status}`)
    assert.equal((await daemon().api('GET', '/containers/leaving/archive?path=/etc/passwd')).status, 404)
    holds.destroy()
  })

  test('copies of the same file at once do not trip over one another', async () => {
    await ok('gantry', 'run', '-d', '--name', 'crowd', 'busybox', 'sleep', '600')
    await Promise.all(Array.from({ length: 6 }, () => ok('gantry', 'cp', 'dir/.', 'crowd:/tmp')))
    assert.equal(await ok('gantry', 'exec', 'crowd', 'cat', '/tmp/sub/deep'), 'deep')
    await ok('gantry', 'rm', '-f', 'crowd')
  })

  test('events tell of copies, exports and commits', async () => {
    await ok('gantry', 'create', '--name', 'told', '--label', 'l=m', 'busybox')
    const since = String(Date.now() / 1000)
    await ok('gantry', 'cp', 'told:/etc/passwd', 'passwd')
    await ok('gantry', 'cp', 'file', 'told:/')
    await ok('gantry', 'export', '-o', 'told.tar', 'told')
    await ok('gantry', 'commit', '-m', 'why', 'told', 'told:1')
    const format = '{{.Type}} {{.Action}} {{json .Actor.Attributes}}'
    const until = String(Date.now() / 1000)
    const lines = await ok('gantry', 'events', '--since', since, '--until', until, '--format', format)
    const id = await ok('gantry', 'image', 'inspect', '-f', '{{.Id}}', 'told:1')
    assert.deepEqual(lines.split('\n'), [
      'container archive-path {"image":"busybox","l":"m","name":"told"}',
      'container extract-to-dir {"image":"busybox","l":"m","name":"told"}',
      'container export {"image":"busybox","l":"m","name":"told"}',
      `image create {"l":"m","name":"${id}"}`,
      'image tag {"l":"m","name":"told:1"}',
      `container commit {"comment":"why","image":"busybox","imageID":"${id}","imageRef":"told:1","l":"m","name":"told"}`,
    ])
  })
})
