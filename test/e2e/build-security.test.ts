/** What must hold for steps of builds, named after the first advisory of each class, as security.test.ts has it for containers. */
import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { entryHeader, type TarInput, writeTar } from '@gantry/oci'
import { contextIn } from './contexts.ts'
import { leavesNothing } from './daemon-state.ts'
import { run, suiteDaemon } from './harness.ts'
import { changedRootfs } from './images.ts'

suite('security of builds', () => {
  const daemon = suiteDaemon({ flags: ['--debug'] })
  let top = ''
  let canary = ''

  before(async () => {
    top = await mkdtemp('/tmp/gantry-e2e-build-security-')
    canary = join(top, 'canary')
    await contextIn(top, {})
    await run('mkdir', [canary])
    await writeFile(`${canary}/secret`, 'host only')
  })
  after(() => rm(top, { recursive: true, force: true }))

  /** Builds the lines in a context with these files; what it says and its exit code. */
  async function build(lines: string[], files: Record<string, string> = {}, flags: string[] = []) {
    const root = await contextIn(top, { Dockerfile: lines.join('\n'), ...files })
    const { exitCode, stdout, stderr } = await daemon().gantry(['build', '--no-cache', ...flags, root])
    assert.deepEqual(await readdir(canary), ['secret'])
    return { exitCode, text: `${stdout}${stderr}` }
  }

  /** The lines between the marks that a step prints: `<` and `>`. */
  async function seen(script: string, ...before: string[]): Promise<string> {
    const { exitCode, text } = await build([
      'FROM busybox',
      ...before,
      `RUN echo "<"; (${script}); echo; echo ">"`,
    ])
    assert.equal(exitCode, 0, text)
    const lines = text.split('\n').map((line) => line.replace(/^#\d+ [\d.]+ /, ''))
    return lines
      .slice(lines.lastIndexOf('<') + 1, lines.lastIndexOf('>'))
      .join('\n')
      .trim()
  }

  /** Imports busybox with what a shell script does in its root directory. */
  async function importImage(name: string, script: string): Promise<void> {
    const input = await changedRootfs((cwd) => run('sh', ['-ec', script], { cwd }))
    const result = await daemon().docker(['import', '-', name], { input })
    assert.equal(result.exitCode, 0, result.stderr)
  }

  test('CVE-2024-21626: a step has descriptors 0 to 2 and a directory of its own', async () => {
    // The fourth is that of the directory that is listed.
    assert.equal(await seen('ls /proc/self/fd | tr "\\n" " "'), '0 1 2 3')
    assert.equal(await seen('pwd; ls -di .. | cut -d" " -f1 | grep -c .', 'WORKDIR /a/../b'), '/b\n1')
    for (const directory of ['/proc/self/fd/8', '/proc/self/fd/10/../../..', '/proc/1/cwd']) {
      const { text } = await build([
        'FROM busybox',
        `WORKDIR ${directory}`,
        `RUN cat ../${canary}/secret secret`,
      ])
      assert.doesNotMatch(text, /host only/)
    }
  })

  test('CVE-2022-24769: nothing is inheritable in a step, and no more is allowed than in a container', async () => {
    const capabilities = 'grep -E "Cap|Seccomp:" /proc/self/status'
    const { stdout } = await daemon().gantry(['run', '--rm', 'busybox', 'sh', '-c', capabilities])
    assert.match(stdout, /CapInh:\t0{16}\n/)
    assert.equal(await seen(capabilities), stdout.trimEnd())
    assert.match(await seen(capabilities, 'USER 1000'), /CapInh:\t0{16}\nCapPrm:\t0{16}\nCapEff:\t0{16}\n/)
  })

  test('GHSA-6fw5-f8r9-fgfm: what tells of the host is empty in a step, and cannot be written', async () => {
    const masked = ['/proc/interrupts', '/proc/kcore', '/proc/keys', '/proc/timer_list', '/proc/sched_debug']
    for (const path of masked) assert.equal(await seen(`cat ${path} 2>/dev/null | head -c 10`), '', path)
    assert.equal(await seen('ls /sys/firmware /sys/devices/virtual/powercap 2>/dev/null | grep -v :'), '')
    for (const path of ['/proc/sysrq-trigger', '/proc/sys/kernel/core_pattern', '/sys/kernel/uevent_helper'])
      assert.equal(await seen(`(echo x > ${path}) 2>/dev/null || echo refused`), 'refused', path)
  })

  test('CVE-2025-31133: an image whose /dev, /proc or /sys is a link is not built upon, or hides what it must', async () => {
    for (const name of ['dev', 'proc', 'sys']) {
      await importImage(
        `linked-${name}`,
        `rmdir ${name} 2>/dev/null || rm -rf ${name}; ln -s ${canary} ${name}`,
      )
      const { text } = await build([
        `FROM linked-${name}`,
        'RUN cat /dev/secret /proc/secret /sys/secret; echo x > /dev/x',
      ])
      assert.doesNotMatch(text, /host only/)
    }
  })

  test('CVE-2024-23652: a mount upon a link of the image reaches nothing of the host', async () => {
    await importImage('linked-target', `ln -s ${canary} out && ln -s ../../../../../..${canary} up`)
    for (const target of ['/out', '/up', '/out/made', '/up/made'])
      for (const type of ['cache', 'tmpfs', 'secret,id=s', 'bind,source=f,rw'])
        await build(
          ['FROM linked-target', `RUN --mount=type=${type},target=${target} echo x > ${target}/made || true`],
          { f: 'f' },
          ['--secret', `id=s,src=${canary}/secret`],
        )
  })

  test('CVE-2024-40635: a user beyond the range is an error in a Dockerfile, too', async () => {
    for (const user of ['2147483648', '4294967296', '-1', '0:4294967296'])
      for (const line of [`USER ${user}\nRUN id`, `COPY --chown=${user} f /`, `ADD --chown=${user} f /`]) {
        const { exitCode, text } = await build(['FROM busybox', line], { f: 'f' })
        assert.equal(exitCode, 1, line)
        assert.match(text, /uids and gids must be in range 0-2147483647/)
      }
  })

  test('CVE-2024-9676: a user database that is no regular file is none, for steps and for copies', {
    timeout: 120_000,
  }, async () => {
    const makers = ['mkfifo /etc/passwd', 'mknod /etc/passwd c 1 5', 'ln -s /dev/zero /etc/passwd']
    for (const make of makers)
      for (const line of ['USER me\nRUN id', 'COPY --chown=me f /']) {
        const { exitCode, text } = await build(['FROM busybox', `RUN rm /etc/passwd && ${make}`, line], {
          f: 'f',
        })
        assert.equal(exitCode, 1, line)
        assert.match(text, /unable to find user me/)
      }
  })

  test('CVE-2025-47290: what a context or an archive names outside of it is not touched', async () => {
    const entry = (name: string, more: object): TarInput => {
      const header = entryHeader({ name, type: 'file', mode: 0o644, size: 0, ...more })
      return { header, ...(header.size > 0 && { content: [Buffer.alloc(header.size, 'x')] }) }
    }
    const up = '../'.repeat(12)
    const corpus = {
      'a name that climbs': [entry(`${up}${canary}/made`, { size: 1 })],
      'a file behind a link': [
        entry('l', { type: 'symlink', linkName: canary }),
        entry('l/made', { size: 1 }),
      ],
      'a hard link to outside': [entry('h', { type: 'link', linkName: `${canary}/secret` })],
      'a hard link that climbs': [entry('h', { type: 'link', linkName: `${up}${canary}/secret` })],
      'a file over a hard link of a link': [
        entry('l', { type: 'symlink', linkName: `${canary}/secret` }),
        entry('h', { type: 'link', linkName: 'l' }),
        entry('h', { size: 1 }),
      ],
      'the root as a link': [entry('.', { type: 'symlink', linkName: canary }), entry('made', { size: 1 })],
    }
    for (const [what, entries] of Object.entries(corpus)) {
      const archive = Buffer.concat(await Array.fromAsync(writeTar(entries)))
      const root = await contextIn(top, {
        Dockerfile: 'FROM busybox\nADD in.tar /in/\nRUN cat /in/* || true\n',
      })
      await writeFile(join(root, 'in.tar'), archive)
      const added = await daemon().gantry(['build', '--no-cache', root])
      const dockerfile = Buffer.from('FROM busybox\nCOPY . /in/\nRUN cat /in/* || true\n')
      const file = {
        header: entryHeader({ name: 'Dockerfile', type: 'file', size: dockerfile.length }),
        content: [dockerfile],
      }
      const input = Buffer.concat(await Array.fromAsync(writeTar([file, ...entries])))
      const sent = await daemon().gantry(['build', '--no-cache', '-'], { input })
      for (const { stdout, stderr } of [added, sent]) assert.doesNotMatch(stdout + stderr, /host only/, what)
      assert.deepEqual(await readdir(canary), ['secret'], what)
    }
  })

  test('CVE-2020-15157: a download is not led to files, sockets or where clouds keep secrets', async (t) => {
    let target = ''
    const server = createServer((_request, response) => response.writeHead(302, { Location: target }).end())
    server.listen(0, '127.0.0.1')
    t.after(() => server.close())
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    for (target of [
      `file://${canary}/secret`,
      'unix:///var/run/docker.sock',
      'http://169.254.169.254/latest/',
    ])
      await leavesNothing(daemon(), async () => {
        const { exitCode, text } = await build(['FROM busybox', `ADD http://127.0.0.1:${port}/f /`])
        assert.equal(exitCode, 1)
        assert.match(text, /refusing to (be redirected there|connect to 169\.254\.169\.254)/)
      })
  })

  test('CVE-2024-24557: nothing of a cache is used that is not what its digest says', async () => {
    const lines = ['FROM busybox', 'RUN echo good > /made; head -c 100000 /dev/urandom > /more']
    const root = await contextIn(top, { Dockerfile: lines.join('\n') })
    const cache = join(root, '..', 'cache')
    const gantry = async (...args: string[]) => {
      const { exitCode, stdout, stderr } = await daemon().gantry(args)
      assert.equal(exitCode, 0, stderr)
      return `${stdout}${stderr}`
    }
    const imported = async () => {
      await gantry('builder', 'prune', '-af')
      const told = await gantry('build', '-t', 'cached', '--cache-from', `type=local,src=${cache}`, root)
      assert.equal(await gantry('run', '--rm', 'cached', 'cat', '/made'), 'good\n')
      await gantry('rmi', 'cached')
      return /\[2\/2\] RUN[^\n]*\n#\d+ CACHED/.test(told)
    }
    await gantry('build', '--cache-to', `type=local,dest=${cache},mode=max`, root)
    assert.ok(await imported())
    const blobs = join(cache, 'blobs/sha256')
    let refused = 0
    for (const name of await readdir(blobs)) {
      const bytes = await readFile(join(blobs, name))
      const altered = Buffer.from(bytes)
      altered[altered.length >> 1] = (altered[altered.length >> 1] as number) ^ 1
      await writeFile(join(blobs, name), altered)
      if (!(await imported())) refused++
      await writeFile(join(blobs, name), bytes)
    }
    // The configuration, the manifest and the layer of the step; that of the base image is here.
    assert.equal(refused, 3)
  })

  test('CVE-2023-26054: the password of a URL is in no history, log, cache or provenance', async (t) => {
    const password = 'hush-a8f1c2'
    const server = createServer((_request, response) => response.end('content'))
    server.listen(0, '127.0.0.1')
    t.after(() => server.close())
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const url = `http://me:${password}@127.0.0.1:${port}/f`
    const root = await contextIn(top, { Dockerfile: `FROM busybox\nADD ${url} /\n` })
    const metadata = join(root, '..', 'metadata.json')
    for (const flags of [
      ['--provenance', 'mode=max', '--metadata-file', metadata],
      ['-q'],
      ['--progress', 'rawjson'],
    ]) {
      const { exitCode, stdout, stderr } = await daemon().gantry(['build', '-t', 'told', ...flags, root])
      assert.equal(exitCode, 0, stderr)
      assert.ok(!`${stdout}${stderr}`.includes(password))
    }
    const classic = await daemon().docker(['build', '-t', 'classic', root], { env: { DOCKER_BUILDKIT: '0' } })
    assert.equal(classic.exitCode, 0, classic.stderr)
    for (const name of ['told', 'classic']) {
      const history = await daemon().gantry(['history', '--no-trunc', name])
      assert.match(history.stdout, /ADD http:\/\/xxxxx@127/)
      assert.ok(!history.stdout.includes(password))
    }
    const { root: home, log } = daemon()
    // The context itself has it: it is the client's Dockerfile.
    const kept = await run('grep', [
      '-rlF',
      '--exclude-dir=kept-contexts',
      password,
      `${home}/data`,
      `${home}/exec`,
    ])
    assert.equal(kept.stdout, '')
    assert.equal((await run('grep', ['-c', password, metadata])).stdout, '0\n')
    assert.ok(!log.includes(password))
  })
})
