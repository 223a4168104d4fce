/**
 * What must hold whatever is in an image, an archive or a request: one test for each class of defect that container engines
 * have shipped, named after the first advisory of its class. A canary is a directory of the host that containers try to reach.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { connect } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { okBy } from './commands.ts'
import { leavesNothing } from './daemon-state.ts'
import { run, suiteDaemon, until } from './harness.ts'
import { changedRootfs } from './images.ts'

const tcpPort = 20_000 + (process.pid % 10_000)
const programs = ['crun', 'runc', 'conmon', 'catatonit']

/** Name, mode, owner and content of everything in a directory, or of a file. */
async function treeHash(path: string): Promise<string> {
  const hash = createHash('sha256')
  const names = (await readdir(path, { recursive: true }).catch(() => [])).sort()
  for (const name of ['', ...names]) {
    const { mode, uid, gid } = await stat(`${path}/${name}`.replace(/\/$/, ''))
    const content = await readFile(`${path}/${name}`.replace(/\/$/, '')).catch(() => '')
    hash.update(JSON.stringify([name, mode, uid, gid])).update(content)
  }
  return hash.digest('hex')
}

async function programHashes(): Promise<string[]> {
  const found = await Promise.all(programs.map((name) => run('sh', ['-c', `command -v ${name}`])))
  const paths = found.map(({ stdout }) => stdout.trim()).filter((path) => path !== '')
  return Promise.all(paths.map(async (path) => `${path} ${await treeHash(path)}`))
}

const descriptors = async (pid: number): Promise<number> => (await readdir(`/proc/${pid}/fd`)).length

suite('security', () => {
  const daemon = suiteDaemon({ flags: ['--debug', '-H', `tcp://127.0.0.1:${tcpPort}`, '--tls=false'] })
  let canary = ''
  let canaryHash = ''
  let programsBefore: string[] = []

  before(async () => {
    programsBefore = await programHashes()
    canary = await mkdtemp('/tmp/gantry-canary-')
    await chmod(canary, 0o755)
    await writeFile(`${canary}/secret`, 'host only')
    canaryHash = await treeHash(canary)
  })
  after(() => rm(canary, { recursive: true, force: true }))

  const docker = (...args: string[]) => daemon().docker(args, { timeout: 120_000 })

  const ok = okBy((args) => docker(...args))

  /** Imports busybox with what a shell script does in its root directory. */
  async function importImage(name: string, script: string, ...options: string[]): Promise<void> {
    const input = await changedRootfs((cwd) => run('sh', ['-ec', script], { cwd }))
    const result = await daemon().docker(['import', ...options, '-', name], { input })
    assert.equal(result.exitCode, 0, result.stderr)
  }

  /** A container that sleeps, removed at the end of the test. */
  async function sleeper(t: { after: (hook: () => Promise<unknown>) => void }, ...options: string[]) {
    const id = await ok('run', '-d', ...options, 'busybox', 'sleep', '600')
    t.after(() => docker('rm', '-fv', id))
    return id
  }

  test('CVE-2019-5736: no container can open a program of the host to write to it', async (t) => {
    const id = await sleeper(t, '--init')
    assert.match(await ok('exec', id, 'grep', ' /sbin/docker-init ', '/proc/mounts'), / ro,/)
    // Whatever enters the container is tried, while it does.
    const script =
      'while :; do for p in /proc/[0-9]*; do (: >> $p/exe) 2>/dev/null && readlink $p/exe; done; done'
    const watcher = await ok('run', '-d', '--pid', `container:${id}`, 'busybox', 'sh', '-c', script)
    t.after(() => docker('rm', '-f', watcher))
    for (let round = 0; round < 5; round++) {
      await ok('exec', id, 'true')
      await docker('exec', id, '/proc/self/exe')
      await docker('run', '--rm', '--pid', `container:${id}`, '--entrypoint', '/proc/self/exe', 'busybox')
    }
    assert.equal(await ok('logs', watcher), '')
    assert.deepEqual(await programHashes(), programsBefore)
  })

  test('CVE-2024-21626: descriptors and working directory of run and exec are the container’s', async (t) => {
    const script = `cat ../../../../../../../../../..${canary}/secret; readlink /proc/self/cwd; ls -l /proc/self/fd`
    const check = ({ stdout, exitCode, stderr }: Awaited<ReturnType<typeof docker>>, what: string) => {
      assert.doesNotMatch(stdout, /host only/, what)
      if (exitCode !== 0) return assert.match(stderr + stdout, /OCI runtime (create|exec) failed/, what)
      const targets = [...stdout.matchAll(/ -> (\S+)/g)].map(([, target]) => target ?? '')
      assert.ok(targets.length >= 3, what)
      for (const target of targets)
        assert.match(target, /^(pipe:|socket:|\/dev\/null$|\/proc\/\d+\/fd$)/, `${what}: ${stdout}`)
    }
    const id = await sleeper(t)
    for (let fd = 0; fd < 12; fd++) {
      const directory = `/proc/self/fd/${fd}`
      const command = ['sh', '-c', script]
      check(await docker('run', '--rm', '-w', directory, 'busybox', ...command), `run in ${directory}`)
      check(await docker('exec', '-w', directory, id, ...command), `exec in ${directory}`)
    }
    await importImage('workdir', 'true', '--change', 'WORKDIR /proc/self/fd/8')
    check(await docker('run', '--rm', 'workdir', 'sh', '-c', script), 'an image')
  })

  const links = ['dev', 'dev/null', 'dev/pts', 'dev/shm', 'dev/mqueue', 'dev/console', 'proc', 'sys']
  for (const link of links) {
    test(`CVE-2025-31133: an image whose /${link} is a link hides what it must, or does not start`, async () => {
      const name = `link-${link.replace('/', '-')}`
      const target = /null|console/.test(link) ? `${canary}/secret` : canary
      await importImage(name, `rm -rf ${link} && ln -s ${target} ${link}`)
      const script =
        'cat /proc/keys /proc/kcore /proc/interrupts 2>/dev/null | head -c 9 | wc -c; ls /sys/firmware | wc -l'
      for (const terminal of [[], ['-t']]) {
        const result = await docker('run', '--rm', ...terminal, name, 'sh', '-c', script)
        if (result.exitCode === 0)
          assert.deepEqual(result.stdout.match(/\d+/g), ['0', '0'], JSON.stringify(result))
        else assert.match(result.stderr, /OCI runtime create failed/)
      }
      assert.equal(await treeHash(canary), canaryHash)
    })
  }

  test('CVE-2025-52881: the profile that inspect names is the one that holds', async (t) => {
    const id = await sleeper(t)
    const profile = await ok('inspect', '-f', '{{.AppArmorProfile}}', id)
    const current = (await docker('exec', id, 'cat', '/proc/self/attr/current')).stdout.replace(/[\0\n]/g, '')
    if (profile === '') assert.match(current, /^(unconfined|kernel|)$/)
    else assert.equal(current, `${profile} (enforce)`)
  })

  test('CVE-2021-30465: a mount target that becomes a link is not followed out of the container', async (t) => {
    await importImage('links', `ln -s ${canary} absolute && ln -s ../../../../..${canary} relative`)
    for (const target of ['/absolute', '/relative/below', '/absolute/../x'])
      await docker('run', '--rm', '-v', `links:${target}`, 'links', 'touch', `${target}/written`)
    assert.equal(await treeHash(canary), canaryHash)

    const swap = `cd /v; while :; do mkdir -p a; mv a b; ln -s ${canary} a; rm a; mv b a; done`
    const id = await ok('run', '-d', '-v', 'shared:/v', 'busybox', 'sh', '-c', swap)
    t.after(() => docker('rm', '-f', id))
    for (let round = 0; round < 12; round++)
      await docker(
        'run',
        '--rm',
        '-v',
        'shared:/v',
        '-v',
        'other:/v/a/m',
        'busybox',
        'touch',
        '/v/a/m/written',
      )
    assert.equal(await treeHash(canary), canaryHash)
    const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n')
    for (const mount of mounts.filter((line) => line.includes(daemon().root)))
      assert.ok(mount.split(' ')[4]?.startsWith(daemon().root), mount)
    assert.doesNotMatch(mounts.join('\n'), new RegExp(canary))
  })

  test('CVE-2022-1227: top asks nothing of the image', async (t) => {
    await importImage(
      'altered',
      'rm bin/ps bin/nsenter && printf "#!/bin/sh\necho forged; touch /forged" | tee bin/ps > bin/nsenter && chmod 755 bin/ps bin/nsenter',
    )
    const id = await ok('run', '-d', 'altered', 'sleep', '600')
    t.after(() => docker('rm', '-f', id))
    for (const args of [[], ['-o', 'pid,comm'], ['aux']]) {
      const text = await ok('top', id, ...args)
      assert.match(text, /sleep/)
      assert.doesNotMatch(text, /forged/)
    }
    assert.notEqual((await docker('exec', id, 'ls', '/forged')).exitCode, 0)
  })

  test('CVE-2022-24769: nothing is inheritable, in run and exec, whoever the user and whatever is added', async (t) => {
    const capabilities = ['grep', '-E', 'CapInh|CapAmb', '/proc/self/status']
    const none = /^CapInh:\t0{16}\nCapAmb:\t0{16}$/
    for (const options of [[], ['-u', '1000'], ['--cap-add', 'ALL'], ['--privileged']]) {
      assert.match(await ok('run', '--rm', ...options, 'busybox', ...capabilities), none, options.join(' '))
      const id = await sleeper(t, ...options)
      assert.match(await ok('exec', id, ...capabilities), none, options.join(' '))
      assert.match(await ok('exec', '--privileged', id, ...capabilities), none, options.join(' '))
      assert.match(await ok('exec', '-u', '1:1', id, ...capabilities), none, options.join(' '))
    }
  })

  test('CVE-2022-36109: the primary group is among the groups, so that what is denied to it is denied', async (t) => {
    await importImage('denied', 'echo x > denied && chgrp 1234 denied && chmod 604 denied')
    const id = await ok('run', '-d', 'denied', 'sleep', '600')
    t.after(() => docker('rm', '-f', id))
    const options = ['-u', '55:1234']
    const script = 'id -G; cat /denied'
    for (const args of [
      ['run', '--rm', ...options, 'denied', 'sh', '-c', script],
      ['run', '--rm', ...options, '--group-add', '77', 'denied', 'sh', '-c', script],
      ['exec', ...options, id, 'sh', '-c', script],
    ]) {
      const { stdout, stderr } = await docker(...args)
      assert.match(stdout, /^1234( 77)?\n$/, args.join(' '))
      assert.match(stderr, /denied'?: Permission denied/, args.join(' '))
    }
  })

  test('CVE-2024-40635: a user beyond the range is an error, wherever it comes from', async (t) => {
    const id = await sleeper(t)
    await importImage('overflow', 'echo "big:x:4294967296:4294967296::/:/bin/sh" >> etc/passwd')
    const users = ['2147483648', '4294967296', '-1', '0:4294967296', '18446744073709551616']
    for (const User of users) {
      const created = await daemon().api('POST', '/v1.41/containers/create', { Image: 'busybox', User })
      assert.equal(created.status, 400, User)
      const result = await docker('exec', '-u', User, id, 'id', '-u')
      assert.notEqual(result.exitCode, 0, User)
      assert.equal(result.stdout.includes('0\n'), false, User)
    }
    const result = await docker('run', '--rm', '-u', 'big', 'overflow', 'id', '-u')
    assert.notEqual(result.exitCode, 0, JSON.stringify(result))
    assert.equal(result.stdout, '')
  })

  test('CVE-2021-41091: other users of the host reach nothing below the data and state directories', async (t) => {
    await importImage('setuid', 'cp bin/busybox bin/tool && chmod 4755 bin/tool')
    const id = await ok('run', '-d', '-v', 'modes:/m', 'setuid', 'sleep', '600')
    t.after(() => docker('rm', '-f', id))
    const { root } = daemon()
    assert.equal((await stat(`${root}/data`)).mode & 0o007, 0)
    await chmod(root, 0o755)
    t.after(() => chmod(root, 0o700))
    const asNobody = (...command: string[]) =>
      run('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', ...command])
    assert.equal((await asNobody('ls', root)).exitCode, 0)
    assert.equal((await asNobody('find', `${root}/data`, `${root}/exec`, '-mindepth', '1')).stdout, '')
    // Not by a known path either.
    const task = `${root}/exec/tasks/${id}/rootfs/bin/tool`
    const upper = `${root}/data/containers/${id}/upper`
    for (const path of [task, upper, `${root}/data/volumes/modes/_data`, `${root}/data/gantry.db`]) {
      await stat(path)
      assert.match((await asNobody('ls', '-d', path)).stderr, /Permission denied/, path)
    }
  })

  test('CVE-2025-47290: what an imported archive names outside of it is not touched', async () => {
    const outside = `../../../../../../../../../..${canary}`
    const archives: [string, string][] = [
      ['dots', `echo x > f && tar -cP --transform 's,^f,${outside}/written,' f`],
      ['absolute', `echo x > f && tar -cP --transform 's,^f,${canary}/written,' f`],
      [
        'link then file',
        `ln -s ${canary} l && mkdir d && echo x > d/w && tar -cP --transform 's,^d,l,' l d/w`,
      ],
      ['link then mode', `ln -s ${canary} l && mkdir -m 777 d && tar -cP --transform 's,^d,l,' l d`],
      ['hard link', `echo x > f && ln f g && tar -cP --transform 's,^f$,${canary}/secret,RSh' f g`],
    ]
    for (const [name, script] of archives) {
      const directory = await mkdtemp('/tmp/gantry-archive-')
      const made = await run('sh', ['-ec', `${script} > archive.tar`], { cwd: directory })
      assert.equal(made.exitCode, 0, `${name}: ${made.stderr}`)
      await docker('import', `${directory}/archive.tar`, 'traversal')
      await rm(directory, { recursive: true })
      assert.equal(await treeHash(canary), canaryHash, name)
    }
  })

  test('CVE-2024-3727: a digest or name that is a path is refused, and no file is made', async () => {
    const api = (method: string, path: string, body?: unknown) => daemon().api(method, `/v1.41${path}`, body)
    await leavesNothing(daemon(), async () => {
      for (const name of ['sha256:../../x', 'busybox@sha256:../../x', `sha256:..${canary}`, '../../x']) {
        const escaped = encodeURIComponent(name)
        const requests: [string, string, unknown?][] = [
          ['GET', `/images/${escaped}/json`],
          ['DELETE', `/images/${escaped}`],
          ['GET', `/images/${escaped}/get`],
          ['GET', `/images/get?names=${escaped}`],
          ['POST', `/images/${escaped}/tag?repo=x`],
          ['POST', `/images/busybox/tag?repo=${escaped}`],
          ['POST', `/images/busybox/tag?repo=x&tag=${escaped}`],
          ['POST', '/containers/create', { Image: name }],
        ]
        for (const [method, path, body] of requests)
          assert.equal((await api(method, path, body)).status, 400, `${method} ${path}`)
        assert.equal(
          (await api('POST', `/containers/create?name=${escaped}`, { Image: 'busybox' })).status,
          400,
        )
        assert.equal((await api('POST', '/volumes/create', { Name: name })).status, 400)
        for (const path of ['containers', 'volumes', 'networks', 'exec'])
          assert.match(String((await api('GET', `/${path}/${escaped}/json`)).status), /^40[04]$/)
      }
      for (const path of [`../../../../../../..${canary}/secret`, `${canary}/secret`, 'sha256:../../x'])
        assert.notEqual((await load(path)).exitCode, 0)
    })
    assert.equal(await treeHash(canary), canaryHash)
  })

  /** Loads an archive whose manifest names `path` as configuration and layer. */
  async function load(path: string) {
    const directory = await mkdtemp('/tmp/gantry-archive-')
    try {
      const manifest = [{ Config: path, RepoTags: ['escaped:1'], Layers: [path] }]
      await writeFile(`${directory}/manifest.json`, JSON.stringify(manifest))
      await run('tar', ['-cf', 'archive.tar', 'manifest.json'], { cwd: directory })
      return await docker('load', '-i', `${directory}/archive.tar`)
    } finally {
      await rm(directory, { recursive: true })
    }
  }

  test('CVE-2024-9676: a user database that is no regular file fails at once', async (t) => {
    const scripts = {
      fifo: 'rm etc/passwd etc/group && mkfifo etc/passwd etc/group',
      link: `rm etc/passwd && ln -s ${canary}/passwd etc/passwd`,
      device: 'rm etc/passwd && ln -s /dev/zero etc/passwd',
    }
    await writeFile(`${canary}/passwd`, 'hostuser:x:0:0::/:/bin/sh\n')
    t.after(() => rm(`${canary}/passwd`))
    for (const [name, script] of Object.entries(scripts)) {
      await importImage(`passwd-${name}`, script)
      const start = performance.now()
      const result = await docker('run', '--rm', '-u', 'hostuser', `passwd-${name}`, 'id', '-u')
      assert.notEqual(result.exitCode, 0, name)
      assert.ok(performance.now() - start < 60_000, name)
      assert.equal(await daemon().answers(), true)
    }
    const id = await sleeper(t)
    await ok('exec', id, 'sh', '-c', 'rm /etc/passwd && mkfifo /etc/passwd')
    const start = performance.now()
    assert.notEqual((await docker('exec', '-u', 'daemon', id, 'id')).exitCode, 0)
    assert.ok(performance.now() - start < 60_000)
  })

  test('CVE-2020-15257: control sockets are files of root, none is in the network namespace', async (t) => {
    const id = await sleeper(t, '--network', 'host')
    const table = await ok('exec', id, 'cat', '/proc/net/unix')
    assert.doesNotMatch(table, /@.*(gantry|conmon|crun|runc|containerd|[0-9a-f]{64})/)
    const { stdout } = await run('find', [daemon().root, '-type', 's', '-printf', '%m %p\n'])
    for (const line of stdout.trim().split('\n')) assert.match(line, /^([67]00 |660 \S+\/gantry.sock$)/)
  })

  test('CVE-2026-53488: labels of an image are inert, whatever engines and runtimes take their names for', async (t) => {
    const reserved = [
      ...[
        'run.oci.handler',
        'run.oci.hooks.stdout',
        'run.oci.keep_original_groups',
        'run.oci.seccomp.receiver',
      ],
      ...['org.criu.config', 'io.podman.annotations.privileged', 'io.kubernetes.cri-o.userns-mode'],
      ...['containerd.io/restart.status', 'com.docker.volume.anonymous', 'io.gantry.privileged'],
    ]
    const labels = Object.fromEntries(reserved.sort().map((name) => [name, `${canary}/written`]))
    const changes = Object.entries(labels).flatMap(([name, value]) => ['-c', `LABEL ${name}=${value}`])
    await importImage('reserved-labels', 'true', ...changes)
    t.after(() => docker('rmi', '-f', 'reserved-labels'))
    const id = await ok('run', '-d', 'reserved-labels', 'sleep', '600')
    t.after(() => docker('rm', '-fv', id))
    const shown = await ok('inspect', '-f', '{{json .Config.Labels}} {{json .HostConfig.Annotations}}', id)
    assert.equal(shown, `${JSON.stringify(labels)} null`)
    const { stdout: spec } = await run('find', [daemon().root, '-path', `*${id}*`, '-name', 'config.json'])
    assert.notEqual(spec.trim(), '')
    for (const path of spec.trim().split('\n'))
      assert.ok(!(await readFile(path, 'utf8')).includes(canary), path)
    assert.equal(await treeHash(canary), canaryHash)
  })

  test('GHSA-6fw5-f8r9-fgfm: what tells of the host is empty, also for root', async () => {
    const files = ['interrupts', 'kcore', 'keys', 'latency_stats', 'timer_list', 'timer_stats', 'sched_debug']
    const directories = [
      '/proc/acpi',
      '/proc/scsi',
      '/proc/asound',
      '/sys/firmware',
      '/sys/devices/virtual/powercap',
    ]
    const script = [
      ...files.map((name) => `head -c 64 /proc/${name} 2>/dev/null`),
      ...[...directories, '/sys/devices/system/cpu/cpu*/thermal_throttle'].map(
        (name) => `ls -A ${name} 2>/dev/null`,
      ),
      'true',
    ]
    assert.equal(await ok('run', '--rm', 'busybox', 'sh', '-c', script.join(';')), '')
  })

  test('CVE-2024-32473: no IPv6 where the network has none, and no advertised routes', async () => {
    const script =
      'ip -6 -o address show dev eth0; cat /proc/sys/net/ipv6/conf/eth0/accept_ra 2>/dev/null || echo 0'
    assert.equal(await ok('run', '--rm', 'busybox', 'sh', '-c', script), '0')
  })

  test('CVE-2021-20199: a server sees who calls, and the host shows nothing but what is published', async (t) => {
    await ok('network', 'create', 'callers')
    t.after(() => docker('network', 'rm', 'callers'))
    const published = ['-d', '-p', '8000']
    const server = await ok('run', ...published, 'busybox', 'httpd', '-f', '-v', '-p', '8000')
    const caller = await ok('run', '-d', '--network', 'callers', 'busybox', 'sleep', '600')
    t.after(() => docker('rm', '-f', server, caller))
    const port = /:(\d+)$/m.exec(await ok('port', server, '8000'))?.[1] ?? ''
    const inspect = (field: string) =>
      ok('inspect', '-f', `{{(index .NetworkSettings.Networks "callers").${field}}}`, caller)
    const [address, gateway] = await Promise.all([inspect('IPAddress'), inspect('Gateway')])
    const ask = `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 5 ${gateway} ${port}`
    assert.match(await ok('exec', caller, 'sh', '-c', ask), /404 Not Found/)
    const log = await until('the request', async () => (await docker('logs', server)).stderr)
    assert.ok(log.includes(address), `${address} in ${log}`)

    const { stdout } = await run('ss', ['-Hltunp'])
    const ports = stdout.split('\n').filter((line) => line.includes(`pid=${daemon().pid},`))
    const allowed = [`:${port}`, `127.0.0.1:${tcpPort}`]
    for (const line of ports)
      assert.ok(
        allowed.some((end) => line.split(/\s+/)[4]?.endsWith(end)),
        line,
      )
  })

  test('CVE-2024-29018: a container of an internal network gets no answer about the world', async (t) => {
    await ok('network', 'create', '--internal', 'closed')
    t.after(() => docker('network', 'rm', 'closed'))
    const asked = ['nslookup', '-timeout=2', 'example.com']
    const { stdout, exitCode } = await docker('run', '--rm', '--network', 'closed', 'busybox', ...asked)
    assert.notEqual(exitCode, 0)
    assert.match(stdout, /can't find example.com: REFUSED/)
  })

  test('CVE-2019-13509: what the environment of a container says is not in the log of the daemon', async () => {
    const secret = `secret-${'x'.repeat(20)}`
    await ok('run', '--rm', '-e', `PASSWORD=${secret}`, 'busybox', 'true')
    assert.match(daemon().log, /containers\/create|create/)
    assert.equal(daemon().log.includes(secret), false)
  })

  test('TCP API: that it is open to everybody is a warning', async () => {
    const warning = `WARNING: API is accessible on http://127.0.0.1:${tcpPort} without encryption.`
    const { body } = await daemon().api('GET', '/v1.55/info')
    assert.ok((body as { Warnings: string[] }).Warnings.includes(warning))
    assert.ok((await docker('info')).stderr.includes(warning))
  })

  test('TCP API: no page of a browser can use it', async () => {
    const status = (path: string, headers: Record<string, string>) =>
      new Promise<number>((resolve, reject) => {
        const asked = request({ host: '127.0.0.1', port: tcpPort, path, headers }, (answer) => {
          answer.resume()
          resolve(answer.statusCode ?? 0)
        })
        asked.on('error', reject)
        asked.end()
      })
    const own = `127.0.0.1:${tcpPort}`
    assert.equal(await status('/version', { Host: own }), 200)
    assert.equal(await status('/version', { Host: 'rebound.example' }), 403)
    assert.equal(await status('/version', { Host: own, Origin: 'http://evil.example' }), 403)
    const upgrade = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' }
    const socket = { ...upgrade, 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' }
    const attach = '/containers/x/attach/ws?stream=1'
    assert.equal(await status(attach, { Host: own, Origin: 'http://evil.example', ...socket }), 403)
    assert.equal(await status(attach, { Host: 'rebound.example', ...socket }), 403)
  })

  test('CVE-2022-31030: after hundreds of execs and clients that hang up, the daemon holds what it held', async (t) => {
    const id = await sleeper(t)
    const container = daemon().dockerode.getContainer(id)
    const { pid, socket } = daemon()

    const toTheEnd = async () => {
      const exec = await container.exec({ Cmd: ['true'], AttachStdout: true })
      const stream = await exec.start({ hijack: true, stdin: false })
      await once(stream.resume(), 'end')
    }
    /** A client that goes away once it has asked, or amid endless output. */
    const hangUp = async (milliseconds: number) => {
      const exec = await container.exec({ Cmd: ['timeout', '1', 'yes'], AttachStdout: true })
      const client = connect(socket)
      client.on('error', () => undefined)
      const body = '{"Detach":false}'
      client.write(
        `POST /exec/${exec.id}/start HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n` +
          `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      )
      await sleep(milliseconds)
      client.destroy()
    }
    await Promise.all([toTheEnd(), hangUp(20)])
    await until('the first to end', async () => (await container.inspect()).ExecIDs === null)
    const before = await descriptors(pid)
    const tasks = [...Array(200).fill(toTheEnd), ...Array.from({ length: 40 }, (_, n) => () => hangUp(n))]
    const worker = async () => {
      for (let task = tasks.pop(); task; task = tasks.pop()) await task()
    }
    await Promise.all(Array.from({ length: 8 }, worker))
    // Keep-alive connections of this process to the daemon come and go.
    await until('the descriptors', async () => (await descriptors(pid)) <= before + 4)
    const rss = Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1])
    assert.ok(rss < 400_000, `${rss} kB`)
  })

  test('CVE-2019-5736: the programs of the host are what they were', async () => {
    assert.deepEqual(await programHashes(), programsBefore)
    assert.equal(await treeHash(canary), canaryHash)
  })
})
