/**
 * What must hold while files are copied into and out of containers that do not want to be what they seem: one test for each
 * class of defect, named after the first advisory of its class. The canary is a directory of the host that they try to reach.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { after, before, suite, test } from 'node:test'
import { okBy } from './commands.ts'
import { run, suiteDaemon, until } from './harness.ts'
import { changedRootfs } from './images.ts'

const token = 'token-of-the-daemon-3f9c'

suite('copying from and to hostile containers', () => {
  const daemon = suiteDaemon({ env: { GANTRY_TEST_TOKEN: token } })
  let canary = ''
  let local = ''

  before(async () => {
    canary = await mkdtemp('/tmp/gantry-canary-')
    local = await mkdtemp('/tmp/gantry-copy-')
    await writeFile(`${canary}/secret`, 'host only')
    await chmod(canary, 0o711)
    await writeFile(`${local}/file`, 'from outside')
    execFileSync('tar', ['-C', local, '-cf', `${local}/file.tar`, 'file'])
  })
  after(() => Promise.all([canary, local].map((path) => rm(path, { recursive: true, force: true }))))

  const docker = (...args: string[]) => daemon().docker(args, { cwd: local, timeout: 120_000 })
  const ok = okBy((args) => docker(...args))

  /** The canary is as it was. */
  async function intact(): Promise<void> {
    assert.deepEqual(await readdir(canary), ['secret'])
    assert.equal(await readFile(`${canary}/secret`, 'utf8'), 'host only')
    assert.equal((await stat(canary)).mode & 0o7777, 0o711)
  }

  const archive = (container: string, path: string) => fetchArchive(daemon().socket, container, path)
  const put = (container: string, path: string) =>
    putArchive(daemon().socket, container, path, `${local}/file.tar`)

  test('CVE-2018-15664: a directory that becomes a link to / while it is copied leads nowhere else', async () => {
    const swap = 'mkdir /d; while :; do mv /d /e; ln -s / /d; rm /d; mv /e /d; done'
    await ok('run', '-d', '--name', 'swap', 'busybox', 'sh', '-c', swap)
    const paths = [`/d${canary}/secret`, `/d${canary}`, '/d']
    for (let round = 0; round < 60; round++) {
      const text = await archive('swap', paths[round % 2] as string)
      assert.ok(!text.includes('host only'))
      await put('swap', paths[(round % 2) + 1] as string)
    }
    await intact()
    await ok('rm', '-f', 'swap')
  })

  test('CVE-2018-15664: nor does one that is exchanged in a volume while another container is copied from', async () => {
    const swap = 'mkdir -p /v/t; while :; do mv /v/t /v/u; ln -s / /v/t; rm /v/t; mv /v/u /v/t; done'
    await ok('run', '-d', '--name', 'racer', '-v', 'race:/v', 'busybox', 'sh', '-c', swap)
    await ok('create', '--name', 'target', '-v', 'race:/v', '-v', `${local}:/v/t`, 'busybox')
    const mountsBefore = await ownMounts()
    for (let round = 0; round < 30; round++) {
      await archive('target', '/v/t/file')
      await put('target', `/v/t${canary}`)
    }
    assert.deepEqual(await ownMounts(), mountsBefore)
    await intact()
    await ok('rm', '-f', 'racer', 'target')
  })

  /** What is mounted in the daemon's namespace because of it. */
  async function ownMounts(): Promise<string[]> {
    const lines = (await readFile(`/proc/${daemon().pid}/mountinfo`, 'utf8')).split('\n')
    return lines.filter((line) => line.includes(daemon().root) || line.includes(canary)).sort()
  }

  for (const state of ['running', 'stopped'])
    test(`CVE-2019-10152: a path that is a link to / is the ${state} container's /`, async () => {
      const name = `link-${state}`
      const script = `ln -s / /root-link; ln -s ${canary} /canary-link; ln -s ../../../../.. /up; sleep 600`
      await ok('run', '-d', '--name', name, 'busybox', 'sh', '-c', script)
      await until('the links', async () => (await docker('exec', name, 'test', '-L', '/up')).exitCode === 0)
      if (state === 'stopped') await ok('stop', '-t', '0', name)
      for (const link of ['root-link', 'up']) {
        await ok('cp', `${name}:/${link}/etc/passwd`, 'passwd')
        assert.match(await readFile(`${local}/passwd`, 'utf8'), /^root:x:0:0:root:\/root:\/bin\/sh\ndaemon/)
        await ok('cp', 'file', `${name}:/${link}/home/${link}`)
      }
      assert.notEqual((await docker('cp', `${name}:/canary-link/secret`, 'stolen')).exitCode, 0)
      assert.notEqual((await docker('cp', 'file', `${name}:/canary-link/secret`)).exitCode, 0)
      assert.equal((await readdir('/home')).includes('root-link'), false)
      await intact()
      await ok('rm', '-f', name)
    })

  test('CVE-2021-41089: modes and owners on the host stay what they are', async () => {
    await ok('create', '--name', 'modes', 'busybox')
    execFileSync('sh', [
      '-c',
      `mkdir -p ${local}/m/d && chmod 777 ${local}/m/d && ln -s ${canary} ${local}/m/link`,
    ])
    await ok('cp', 'm/.', 'modes:/home')
    await ok('cp', 'm/d', 'modes:/home/link/../x')
    await docker('cp', 'm/d', 'modes:/home/link')
    // An archive may name a link and then something behind it.
    const script = [
      'import tarfile, sys, io',
      't = tarfile.open(sys.argv[1], "w")',
      'l = tarfile.TarInfo("l"); l.type = tarfile.SYMTYPE; l.linkname = sys.argv[2]; t.addfile(l)',
      'd = tarfile.TarInfo("l"); d.type = tarfile.DIRTYPE; d.mode = 0o777; d.uid = 12; t.addfile(d)',
      'f = tarfile.TarInfo("l/secret"); f.size = 3; t.addfile(f, io.BytesIO(b"bad"))',
      'h = tarfile.TarInfo("h"); h.type = tarfile.LNKTYPE; h.linkname = ".." + sys.argv[2] + "/secret"; t.addfile(h)',
    ].join('\n')
    execFileSync('python3', ['-c', script, `${local}/file.tar`, canary])
    await put('modes', '/home')
    execFileSync('tar', ['-C', local, '-cf', `${local}/file.tar`, 'file'])
    await intact()
  })

  test('CVE-2019-14271: programs and libraries of the image have no part in it', async () => {
    const image = await changedRootfs(async (rootfs) => {
      for (const name of ['xz', 'unxz', 'gzip', 'gunzip', 'unpigz', 'zstd', 'bzip2', 'tar', 'nsenter'])
        for (const directory of ['bin', 'usr/bin', 'usr/sbin']) {
          await rm(`${rootfs}/${directory}/${name}`, { force: true })
          await writeFile(
            `${rootfs}/${directory}/${name}`,
            '#!/bin/sh\nenv > /leak\ncat /proc/$PPID/environ >> /leak\n',
            {
              mode: 0o755,
            },
          )
        }
    })
    await daemon().docker(['import', '-', 'tools'], { input: image })
    await ok('run', '-d', '--name', 'tools', 'tools', 'sleep', '600')
    for (const program of ['xz', 'gzip', 'bzip2', 'zstd']) {
      const input = compressed(program, `${local}/file.tar`)
      if (input) await daemon().docker(['cp', '-', 'tools:/home'], { input })
    }
    await ok('cp', 'tools:/home', 'home')
    assert.deepEqual((await docker('exec', 'tools', 'ls', '/leak')).exitCode, 1)
    await ok('export', '-o', 'tools.tar', 'tools')
    assert.ok(!(await readFile(`${local}/tools.tar`)).includes(token))
    await ok('rm', '-f', 'tools')
  })

  test('moby#52653: a bind mount through an absolute link of the image can be copied to', async () => {
    const image = await changedRootfs(async (rootfs) => {
      execFileSync('sh', [
        '-c',
        `mkdir ${rootfs}/run; rm -rf ${rootfs}/var/run; ln -s /run ${rootfs}/var/run`,
      ])
    })
    await daemon().docker(['import', '-', 'links'], { input: image })
    await ok('create', '--name', 'links', '-v', `${local}:/var/run/shared/x`, 'links', 'sleep', '600')
    for (const state of ['created', 'running']) {
      if (state === 'running') await ok('start', 'links')
      await ok('cp', 'file', `links:/var/run/shared/x/${state}`)
      await ok('cp', 'file', `links:/run/${state}`)
      assert.equal(await readFile(`${local}/${state}`, 'utf8'), 'from outside')
      await ok('cp', `links:/var/run/shared/x/${state}`, 'again')
    }
    await ok('rm', '-f', 'links')
  })

  test('CVE-2022-23648: an export has what is in the container, whatever its volumes are called', async () => {
    const image = await changedRootfs(async (rootfs) => {
      execFileSync('ln', ['-s', canary, `${rootfs}/link`])
      execFileSync('ln', ['-s', '../../../../../..', `${rootfs}/up`])
    })
    const changes = ['--change', 'VOLUME /link/in', '--change', `VOLUME /up${canary}`]
    await daemon().docker(['import', ...changes, '-', 'volumes'], { input: image })
    await ok('create', '--name', 'volumes', 'volumes', 'true')
    await docker('start', '-a', 'volumes')
    await ok('export', '-o', 'volumes.tar', 'volumes')
    await docker('cp', 'volumes:/', 'whole')
    await ok('commit', 'volumes', 'volumes:2')
    await ok('save', '-o', 'saved.tar', 'volumes:2')
    const { stdout } = await run('grep', ['-rl', 'host only', local])
    assert.equal(stdout, '')
    await intact()
    await ok('rm', '-f', '-v', 'volumes')
  })

  test('what is mounted in a container stays mounted, whatever is copied over it', async () => {
    await ok('run', '-d', '--name', 'mounted', '-v', `${local}/file:/etc/bound`, 'busybox', 'sleep', '600')
    const busy = /unlinkat \/etc\/(bound|hosts): device or resource busy/
    for (const path of ['/etc/bound', '/etc/hosts']) {
      const { exitCode, stderr } = await docker('cp', 'file.tar', `mounted:${path}`)
      assert.equal(exitCode, 1)
      assert.match(stderr, busy)
    }
    assert.equal(await ok('exec', 'mounted', 'cat', '/etc/bound'), 'from outside')
    assert.match(await ok('exec', 'mounted', 'cat', '/etc/hosts'), /localhost/)
    await ok('rm', '-f', 'mounted')
  })
})

function compressed(program: string, path: string): Buffer | null {
  try {
    return execFileSync(program, ['-c', path])
  } catch {
    return null // not on this machine
  }
}

/** Whatever the engine answers, as text. */
async function fetchArchive(socket: string, container: string, path: string): Promise<string> {
  const url = `http://gantry/containers/${container}/archive?path=${encodeURIComponent(path)}`
  return (await run('curl', ['-s', '--max-time', '20', '--unix-socket', socket, url])).stdout
}

async function putArchive(socket: string, container: string, path: string, file: string): Promise<void> {
  const url = `http://gantry/containers/${container}/archive?path=${encodeURIComponent(path)}`
  const header = 'Content-Type: application/x-tar'
  await run('curl', ['-s', '--max-time', '20', '-T', file, '-H', header, '--unix-socket', socket, url])
}
