/** Images built from Dockerfiles, with Gantry's command line and with Docker's own (its classic client). */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { entryHeader, type TarInput, writeTar } from '@gantry/oci'
import { gitIn, repositoryOf, serveGit, serveGitProtocol } from '../../packages/engine/build/git/testing.ts'
import { contextIn } from './contexts.ts'
import { leavesNothing } from './daemon-state.ts'
import { type CommandResult, run as exec, repository, suiteDaemon, until } from './harness.ts'
import { openTerminal } from './terminal.ts'

suite('build', { concurrency: 1 }, () => {
  const daemon = suiteDaemon()
  let top: string

  before(async () => {
    top = await mkdtemp('/tmp/gantry-e2e-build-')
  })
  after(() => rm(top, { recursive: true, force: true }))

  const context = (files: Record<string, string>): Promise<string> => contextIn(top, files)

  const gantry = (...args: string[]): Promise<CommandResult> => daemon().gantry(['build', ...args])
  const docker = (...args: string[]): Promise<CommandResult> =>
    daemon().docker(['build', ...args], { env: { DOCKER_BUILDKIT: '0' } })

  async function ok(result: Promise<CommandResult>): Promise<CommandResult> {
    const done = await result
    assert.equal(done.exitCode, 0, `${done.stdout}\n${done.stderr}\n${daemon().log}`)
    return done
  }
  const run = async (...args: string[]): Promise<string> =>
    (await ok(daemon().gantry(['run', '--rm', ...args]))).stdout.trimEnd()

  for (const [name, build] of [
    ['gantry', gantry],
    ['docker', docker],
  ] as const)
    test(`${name}: stages, arguments, copies, commands; again from the cache`, async () => {
      const root = await context({
        Dockerfile: [
          'ARG BASE=busybox',
          `FROM $BASE AS one`,
          'ARG V=1',
          'ENV A=$V',
          `RUN echo ${name}-$A > /made`,
          'FROM busybox',
          'COPY --from=one /made /made',
          'COPY a.txt dir /dst/',
          'WORKDIR /work/here',
          'RUN pwd > place',
          'LABEL l="two words"',
          'USER 12:34',
          'CMD ["sh", "-c", "cat /made /dst/* place; id -u"]',
        ].join('\n'),
        'a.txt': 'a\n',
        'dir/b.txt': 'b\n',
      })
      await ok(build('-t', `${name}:1`, '--build-arg', 'V=7', root))
      assert.equal(await run(`${name}:1`), `${name}-7\na\nb\n/work/here\n12`)
      const inspect = async () => (await daemon().dockerode.getImage(`${name}:1`).inspect()).Id
      const id = await inspect()
      const again = await ok(build('-t', `${name}:1`, '--build-arg', 'V=7', root))
      assert.equal(await inspect(), id)
      assert.match(again.stdout + again.stderr, /CACHED|Using cache/)
      await writeFile(join(root, 'a.txt'), 'changed\n')
      await ok(build('-t', `${name}:1`, '--build-arg', 'V=7', root))
      assert.match(await run(`${name}:1`), /changed/)
    })

  test('mounts of RUN: cache, bind, tmpfs; nothing of them is in the image', async () => {
    const root = await context({
      Dockerfile: [
        'FROM busybox',
        'RUN --mount=type=cache,target=/cache echo x >> /cache/count && wc -l < /cache/count > /first',
        'RUN --mount=type=cache,target=/cache echo x >> /cache/count && wc -l < /cache/count > /second',
        'RUN --mount=target=/ctx cat /ctx/f > /bound; touch /ctx/g 2>/dev/null || echo read-only >> /bound',
        'RUN --mount=type=tmpfs,target=/fast,size=1m echo x > /fast/y',
        'RUN --mount=target=/ctx,rw echo mine > /ctx/f; touch /ctx/g; cat /ctx/f > /written',
        'RUN --mount=source=f,target=/one,rw --mount=target=/ctx echo too > /one; cat /one /ctx/f >> /written',
        'RUN --mount=target=/ctx,rw ls /ctx >> /written',
        'COPY f /after',
      ].join('\n'),
      f: 'from the context\n',
    })
    await ok(gantry('-t', 'mounts', root))
    assert.equal(
      await run('mounts', 'cat', '/first', '/second', '/bound'),
      '1\n2\nfrom the context\nread-only',
    )
    // What is written to the context goes with the step.
    assert.equal(
      await run('mounts', 'cat', '/written', '/after'),
      'mine\ntoo\nfrom the context\nDockerfile\nf\nfrom the context',
    )
    const listed = await run('mounts', 'ls', '/')
    for (const name of ['cache', 'ctx', 'fast']) assert.ok(!listed.split('\n').includes(name), listed)
  })

  test('independent stages run side by side, also more of them than there are processors', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    const meet =
      'touch /met/$NAME; i=0; until [ $(ls /met | wc -l) -ge 6 ]; do i=$((i+1)); [ $i -lt 1200 ] || exit 1; sleep 0.1; done'
    const stages = names.map(
      (name) =>
        `FROM busybox AS ${name}\nENV NAME=${name}\nRUN --mount=type=cache,target=/met ${meet}; touch /${name}\n`,
    )
    const copies = names.map((name) => `COPY --from=${name} /${name} /\n`)
    const Dockerfile = `${stages.join('')}FROM busybox\n${copies.join('')}`
    await ok(gantry('-q', '--no-cache', await context({ Dockerfile })))
  })

  test('here-documents, ONBUILD, ADD of an archive and of a URL', async (t) => {
    const server = createServer((_, answer) => answer.end('downloaded\n'))
    server.listen(0, '127.0.0.1')
    await until('the server', () => server.listening)
    t.after(() => server.close())
    const { port } = server.address() as { port: number }
    const base = await context({ Dockerfile: 'FROM busybox\nONBUILD COPY <<"E" /triggered\n$kept\nE\n' })
    await ok(gantry('-t', 'base', base))
    const root = await context({
      Dockerfile: [
        'FROM base',
        'ENV N=ann',
        'COPY <<hello.txt /etc/hello.txt',
        'hello $N',
        'hello.txt',
        'RUN <<EOF',
        'echo one > /lines',
        'echo two >> /lines',
        'EOF',
        `ADD http://127.0.0.1:${port}/file.txt /downloads/`,
      ].join('\n'),
    })
    await ok(gantry('-t', 'documents', root))
    const files = ['/triggered', '/etc/hello.txt', '/lines', '/downloads/file.txt']
    assert.equal(await run('documents', 'cat', ...files), '$kept\nhello ann\none\ntwo\ndownloaded')
  })

  test('.dockerignore, a Dockerfile elsewhere, on standard input, and a context that is an archive', async () => {
    const root = await context({
      'keep/a': 'a',
      'drop/b': 'b',
      '.dockerignore': 'drop\n*.log\n!important.log\n',
      'x.log': '',
      'important.log': '',
    })
    const dockerfile = 'FROM busybox\nCOPY . /c\n'
    const file = join(await context({ Other: dockerfile }), 'Other')
    await ok(gantry('-t', 'elsewhere', '-f', file, root))
    const listed = (await run('elsewhere', 'find', '/c', '-type', 'f')).split('\n').sort()
    assert.deepEqual(listed, ['/c/.dockerignore', '/c/important.log', '/c/keep/a'])
    await ok(daemon().gantry(['build', '-t', 'piped', '-f', '-', root], { input: dockerfile }))
    await ok(daemon().gantry(['build', '-t', 'alone', '-'], { input: 'FROM busybox\nRUN echo alone > /x\n' }))
    assert.equal(await run('alone', 'cat', '/x'), 'alone')
  })

  test('CVE-2024-23653: no client gets a privileged step, nor one beside the step that asks', async () => {
    await leavesNothing(daemon(), async () => {
      const refused = /security\.insecure is not allowed/
      for (const step of ['RUN --security=insecure true', 'ONBUILD RUN --security=insecure true'])
        for (const build of [gantry, docker]) {
          const base = step.startsWith('ONBUILD')
          const text = base ? `FROM busybox AS base\n${step}\nFROM base\n` : `FROM busybox\n${step}\n`
          const result = await build(await context({ Dockerfile: text }))
          assert.notEqual(result.exitCode, 0, text)
          assert.match(result.stdout + result.stderr, refused)
        }
      const { stderr } = await gantry(
        '--allow',
        'security.insecure',
        await context({ Dockerfile: 'FROM busybox\n' }),
      )
      assert.match(stderr, /unknown flag: --allow|not allowed/)
    })
    const inside = 'grep -E "^(CapEff|CapInh|Seccomp):" /proc/self/status'
    const text = `FROM busybox\nRUN ${inside} > /status\n`
    await ok(gantry('-q', '-t', 'confined', await context({ Dockerfile: text })))
    assert.equal(await run('confined', 'cat', '/status'), await run('confined', 'sh', '-c', inside))
  })

  test('bad input is refused in words that help, and leaves nothing', async () => {
    await leavesNothing(daemon(), async () => {
      const cases: [string, RegExp][] = [
        [
          'FROM busybox\nRUNN x\n',
          /Dockerfile:2\n-+\n[\s\S]*>>> RUNN x[\s\S]*unknown instruction: RUNN \(did you mean RUN\?\)/,
        ],
        [
          'FROM busybox\nCOPY nothing /\n',
          /> \[2\/2\] COPY nothing[\s\S]*>>> COPY nothing \/\n.*\^{7}\n[\s\S]*failed to compute cache key: "\/nothing": not found/,
        ],
        [
          'FROM busybox\nRUN echo last words; exit 3\n',
          / > \[2\/2\] RUN echo[\s\S]*last words[\s\S]*>>> RUN echo[\s\S]*did not complete successfully: exit code: 3/,
        ],
        [
          'FROM nosuchimage.invalid/x\n',
          />>> FROM nosuchimage[\s\S]*nosuchimage\.invalid\/x: failed to resolve source metadata for nosuchimage\.invalid\/x:latest/,
        ],
        [
          'FROM busybox AS a\nFROM busybox\nCOPY --from=a /etc/paswd /\n',
          /"\/etc\/paswd": not found \(did you mean "\/etc\/passwd"\?\)/,
        ],
        [
          'FROM busybox\nWORKDIR /etc/passwd\n',
          />>> WORKDIR[\s\S]*Cannot mkdir: \/etc\/passwd is not a directory/,
        ],
        [
          'FROM busybox AS a\nCOPY --from=b / /\nFROM busybox AS b\nCOPY --from=a / /\n',
          /circular dependency detected on stage/,
        ],
        ['FROM busybox\nRUN --mount=type=secret,id=s,required true\n', /secret s: not found/],
      ]
      for (const [text, expected] of cases) {
        const result = await gantry(await context({ Dockerfile: text }))
        assert.equal(result.exitCode, 1, text)
        assert.match(result.stderr, expected)
      }
    })
    const near = { Dockerfile: 'FROM busybox\nCOPY src/mian.c /\n', 'src/main.c': '' }
    assert.match((await gantry(await context(near))).stderr, /not found \(did you mean "\/src\/main.c"\?\)/)
    const hidden = { Dockerfile: 'FROM busybox\nCOPY secret /\n', secret: '', '.dockerignore': 'secret' }
    assert.match((await gantry(await context(hidden))).stderr, /it is there, and \.dockerignore keeps it out/)
    const leading = await context({ Dockerfile: 'FROM busybox\nCOPY away /\n' })
    await symlink('/etc/passwd', join(leading, 'away'))
    assert.match(
      (await gantry(leading)).stderr,
      /not found \(it is a symbolic link to "\/etc\/passwd", which is not in the context\)/,
    )
    const failing = await context({ Dockerfile: 'FROM busybox\nRUN exit 9\n', id: 'of an earlier build' })
    assert.equal((await gantry('--iidfile', join(failing, 'id'), failing)).exitCode, 1)
    assert.equal(existsSync(join(failing, 'id')), false)
    const nowhere = await gantry(
      '--iidfile',
      '/nonexistent/id',
      await context({ Dockerfile: 'FROM busybox\n' }),
    )
    assert.match(nowhere.stderr, /open \/nonexistent\/id: no such file or directory/)
    const classic = await docker(await context({ Dockerfile: 'FROM busybox\nRUN exit 9\n' }))
    assert.equal(classic.exitCode, 9)
    assert.match(classic.stderr, /The command '\/bin\/sh -c exit 9' returned a non-zero code: 9/)
    // A pattern may match nothing, but for the classic builder.
    const matchless = await context({ Dockerfile: 'FROM busybox\nCOPY nope* [x]* /\n' })
    assert.equal((await gantry(matchless)).exitCode, 0)
    assert.match((await docker(matchless)).stderr, /^COPY failed: no source files were specified$/m)
    await writeFile(join(matchless, 'x'), '')
    assert.equal((await docker(matchless)).exitCode, 0)
  })

  test('dockerode: limits of steps, hosts, labels, quiet; what cannot be is refused', async () => {
    const root = await context({
      Dockerfile: [
        'FROM busybox',
        'ARG A',
        'RUN echo arg=$A; grep -h . /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null; true',
        'RUN grep Cpus_allowed_list /proc/self/status; df -k /dev/shm | tail -1; grep far /etc/hosts; ulimit -n',
      ].join('\n'),
    })
    const { dockerode } = daemon()
    type Message = { stream?: string; aux?: { ID: string }; error?: string }
    const build = async (options: object): Promise<Message[]> => {
      const stream = await dockerode.buildImage({ context: root, src: ['Dockerfile'] }, options)
      return new Promise((resolve, reject) =>
        dockerode.modem.followProgress(stream, (error, messages) =>
          error ? reject(error) : resolve(messages),
        ),
      )
    }
    const text = (messages: Message[]): string => messages.map(({ stream = '' }) => stream).join('')
    const options = {
      t: 'ode:1',
      memory: 64 << 20,
      memswap: 128 << 20,
      cpusetcpus: '0',
      cpushares: 512,
      cpuperiod: 100_000,
      cpuquota: 50_000,
      shmsize: 8 << 20,
      ulimits: JSON.stringify([{ Name: 'nofile', Soft: 77, Hard: 77 }]),
      extrahosts: 'far:10.9.8.7',
      buildargs: { A: 'given' },
      labels: { l: 'x $y', k: '' },
      networkmode: 'none',
    }
    const told = text(await build(options))
    for (const expected of [
      /arg=given\n67108864\n/,
      /Cpus_allowed_list:\s+0\n/,
      /\n\S+\s+8192 /,
      /10\.9\.8\.7\s+far/,
      /\n77\n/,
      /Step 5\/6 : LABEL k=\n/,
      /Step 6\/6 : LABEL l=x \$y\n/,
      /Removing intermediate container/,
      /Successfully tagged ode:1\n$/,
    ])
      assert.match(told, expected)
    const { Id, Config } = await dockerode.getImage('ode:1').inspect()
    assert.equal(Config.Labels.l, 'x $y')
    const quiet = await build({ ...options, q: true, rm: false })
    assert.equal(text(quiet), `${Id}\n`)
    assert.equal(quiet.findLast(({ aux }) => aux)?.aux?.ID, Id)
    assert.doesNotMatch(text(await build({ ...options, nocache: true, rm: false })), /Removing|Using cache/)
    for (const [wrong, expected] of [
      [{ memory: 1024 }, /Minimum memory limit allowed is 6MB/],
      [{ dockerfile: 'None' }, /Cannot locate specified Dockerfile: None/],
      [{ dockerfile: '../None' }, /forbidden path outside the build context: \.\.\/None \(\)/],
      [{ buildargs: '{' }, /error reading build args: unexpected EOF/],
      [{ labels: '[]' }, /error reading labels: not an object of texts/],
      [
        { ulimits: 'x' },
        /error reading ulimit settings: invalid character 'x' looking for beginning of value/,
      ],
      [{ remote: 'foo' }, /remoteURL \(foo\) could not be recognized as URL/],
      [{ version: 3 }, /invalid version "3"/],
      [{ shmsize: -1 }, /SHM size can not be less than 0/],
      [{ extrahosts: 'far' }, /bad format for add-host: "far"/],
      [{ extrahosts: 'far:away' }, /invalid IP address in add-host: "away"/],
      [{ t: 'Upper' }, /invalid reference format/],
    ] as const)
      await assert.rejects(build(wrong), expected)
    // Credentials that cannot be read are none, as in Docker.
    assert.match(text(await build({ ...options, registryconfig: { base64: '!' } })), /Successfully tagged/)
  })

  test('gantry: limits of steps; what only other platforms know is refused', async () => {
    const Dockerfile = [
      'FROM busybox',
      'RUN grep Cpus_allowed_list /proc/self/status && grep -h . /sys/fs/cgroup/cpu.max /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null; true',
      'RUN df -k /dev/shm | tail -1; ulimit -n',
    ].join('\n')
    const root = await context({ Dockerfile })
    const limits = ['--cpuset-cpus', '0', '--cpu-period', '100000', '--cpu-quota', '50000']
    const more = ['--shm-size', '8m', '--ulimit', 'nofile=77']
    const { stderr } = await ok(
      gantry('--no-cache', '--memory', '64m', '--memory-swap', '-1', ...limits, ...more, root),
    )
    for (const expected of [/Cpus_allowed_list:\s+0\n/, /\b50000\b/, /\s8192\s/, /\b77\n/])
      assert.match(stderr, expected)
    for (const [flag, message] of [
      ['--isolation=hyperv', /Unsupported isolation: "hyperv"/],
      ['--security-opt=x', /does not support setting security options on build/],
    ] as const) {
      const refused = await gantry(flag, root)
      assert.equal(refused.exitCode, 1)
      assert.match(refused.stderr, message)
    }
  })

  test('networks of steps: those of the engine, of a container, the host’s, none; added hosts', async (t) => {
    await ok(daemon().gantry(['network', 'create', 'steps']))
    t.after(() => daemon().gantry(['network', 'rm', 'steps']))
    const serve = 'while :; do echo hello | nc -l -p 7; done'
    const server = ['-d', '--name', 'server', '--network', 'steps', '--network-alias', 'alias', 'busybox']
    await ok(daemon().gantry(['run', ...server, 'sh', '-c', serve]))
    t.after(() => daemon().gantry(['rm', '-f', 'server']))
    await until('the server', async () =>
      /hello/.test((await daemon().gantry(['exec', 'server', 'nc', '-w', '5', '127.0.0.1', '7'])).stdout),
    )
    const ask =
      'until nc -w 10 alias 7 > /answer; do sleep 0.1; done; ip -o -4 addr show dev eth0 | cut -d" " -f7 > /address'
    const named = await context({ Dockerfile: `FROM busybox\nRUN ${ask}; grep given /etc/hosts > /given\n` })
    const address = (await ok(daemon().gantry(['exec', 'server', 'hostname', '-i']))).stdout.trim()
    const seen = () => run('steps', 'sh', '-c', 'cat /answer /given; cut -d/ -f1 /address')
    for (const build of [docker, gantry]) {
      const args = ['-t', 'steps', '--no-cache', '--add-host', 'given:10.1.2.3']
      await ok(build(...args, '--network', 'steps', named))
      const [answer, given, own] = (await seen()).split('\n')
      assert.deepEqual([answer, given], ['hello', '10.1.2.3\tgiven'])
      assert.notEqual(own, address)
      await ok(build(...args, '--network', 'container:server', named))
      assert.equal(await seen(), `hello\n10.1.2.3\tgiven\n${address}`)
      const links = await context({
        Dockerfile: 'FROM busybox\nRUN ls /sys/class/net > /links; grep given /etc/hosts > /given\n',
      })
      const shown = () => run('steps', 'cat', '/links', '/given')
      await ok(build(...args, '--network', 'none', links))
      assert.equal(await shown(), 'lo\n10.1.2.3\tgiven')
      await ok(build(...args, '--network', 'host', links))
      assert.match(await shown(), new RegExp(`^${daemon().bridge}$`, 'm'))
      const refused = async (network: string, message: RegExp) => {
        const { exitCode, stdout, stderr } = await build('--no-cache', '--network', network, links)
        assert.equal(exitCode, 1)
        assert.match(stdout + stderr, message)
      }
      await refused('no-such', /network no-such not found/)
      await refused('container:no-such', /No such container: no-such/)
      await refused('container:', /invalid container format container:<name\|id>/)
    }
    const { Containers } = await daemon().dockerode.getNetwork('steps').inspect()
    assert.equal(Object.keys(Containers ?? {}).length, 1)
  })

  test('ids that classic builds print can be run, shown, named and removed, after a restart too', async () => {
    const root = await context({
      Dockerfile: 'FROM busybox\nENV A=1\nRUN echo one > /one\nCOPY f /\nRUN false\n',
      f: 'file',
    })
    const shown = (text: string): string[] => text.match(/(?<=---> )[0-9a-f]{12}$/gm) ?? []
    const inspect = (id: string) => daemon().dockerode.getImage(id).inspect()
    // The last good step of a build that has failed.
    const [base = '', set = '', made = '', copied = '', ...more] = shown((await docker(root)).stdout)
    assert.deepEqual(more, [])
    assert.equal(await run(copied, 'sh', '-c', 'echo $A; cat /one /f'), '1\none\nfile')
    await daemon().stop()
    await daemon().start()
    assert.equal(await run(made, 'sh', '-c', 'cat /one; test -e /f || echo no'), 'one\nno')
    const { Id, Parent, RepoTags, Config } = await inspect(made)
    assert.deepEqual([Id.slice(7, 19), Parent.slice(7, 19), RepoTags], [made, set, []])
    assert.ok(Config.Env.includes('A=1'))
    // In lists only where all is asked for.
    const ids = async (...flags: string[]) => (await ok(daemon().docker(['images', '-q', ...flags]))).stdout
    assert.ok(!(await ids()).includes(made))
    assert.ok((await ids('-a')).includes(made))
    await writeFile(
      join(root, 'Dockerfile'),
      'FROM busybox\nENV A=1\nRUN echo one > /one\nCOPY f /\nUSER 5\n',
    )
    const whole = await ok(docker('-t', 'classic:whole', root))
    assert.deepEqual(shown(whole.stdout).slice(0, 4), [base, set, made, copied])
    assert.equal((await inspect('classic:whole')).Parent.slice(7, 19), copied)
    const history = await ok(daemon().docker(['history', '-q', 'classic:whole']))
    assert.deepEqual(history.stdout.trim().split('\n').slice(1), [copied, made, set, base])
    // A name, a build upon it; then everything goes again.
    await ok(daemon().docker(['tag', set, 'classic:named']))
    await ok(docker('-t', 'classic:upon', await context({ Dockerfile: `FROM ${set}\nRUN test $A = 1\n` })))
    await ok(daemon().docker(['rmi', 'classic:upon', 'classic:named', 'classic:whole']))
    await assert.rejects(inspect('classic:whole'), /No such image/)
    await ok(daemon().docker(['builder', 'prune', '-af']))
    await ok(daemon().docker(['image', 'prune', '-f']))
    // What has no layers of its own needs none.
    assert.equal((await inspect(set)).Id.slice(7, 19), set)
    for (const id of [made, copied]) await assert.rejects(inspect(id), /No such image/)
    assert.equal((await ids('-a')).includes(made), false)
  })

  test('build checks: on demand, at the end of a build, as errors', async () => {
    const text = 'FROM busybox\nENV HERE=/x\nWORKDIR $HERE/$NOWHERE\nCOPY kept hidden /d/\nCMD echo\n'
    const root = await context({ Dockerfile: text, kept: '', hidden: '', '.dockerignore': 'hidden\n' })
    const checked = await gantry('--check', root)
    assert.equal(checked.exitCode, 1, checked.stderr)
    assert.match(
      checked.stdout,
      /^Check complete, 3 warnings have been found!\n\nWARNING: UndefinedVar - https/,
    )
    assert.match(checked.stdout, /Usage of undefined variable '\$NOWHERE'\nDockerfile:3\n-{20}\n/)
    assert.match(checked.stdout, /Attempting to Copy file "hidden" that is excluded by .dockerignore/)
    assert.match(checked.stdout, /WARNING: JSONArgsRecommended/)
    const clean = await context({ Dockerfile: 'FROM busybox\nCMD ["echo"]\n' })
    assert.deepEqual(await gantry('--call', 'check', clean), {
      exitCode: 0,
      stdout: 'Check complete, no warnings found.\n',
      stderr: '',
    })
    const strict = await context({ Dockerfile: '# check=error=true\nFROM busybox\nCMD echo\n' })
    const refused = await gantry(strict)
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stderr, /lint violation found for rules: JSONArgsRecommended/)
    const skipped = '# check=skip=JSONArgsRecommended;error=true\nFROM busybox\nCMD echo\n'
    await ok(gantry(await context({ Dockerfile: skipped })))
    const built = await ok(gantry(await context({ Dockerfile: 'FROM busybox\nCMD echo\n' })))
    assert.match(built.stderr, /\n 1 warning found \(.*\):\n - JSONArgsRecommended: .* \(line 2\)\n$/)
    const targets = await ok(gantry('--call=targets', clean))
    assert.match(targets.stdout, /^TARGET +DESCRIPTION\n\(default\)/)
  })

  test('contexts from git and HTTP, for both clients; ADD of a repository', async (t) => {
    const served = await context({
      'app.git/sub/Dockerfile': 'FROM busybox\nCOPY . /c\nRUN ls -A /c > /listed\n',
      'app.git/sub/f': 'f\n',
      'app.git/top': 'top\n',
    })
    const repository = join(served, 'app.git')
    const commit = await repositoryOf(repository)
    await using server = await serveGit(served)
    const archive = await gitIn(
      repository,
      'archive',
      '--format=tar',
      '-o',
      join(served, 'a.tar'),
      'HEAD:sub',
    )
    assert.equal(archive, '')
    const files = createServer(async (request, answer) => {
      if (request.url === '/a.tar') answer.end(await readFile(join(served, 'a.tar')))
      else if (request.url === '/Other') answer.end('FROM busybox\nRUN echo alone > /listed\n')
      else answer.writeHead(404).end()
    })
    files.listen(0, '127.0.0.1')
    await until('the server', () => files.listening)
    t.after(() => files.close())
    const base = `http://127.0.0.1:${(files.address() as { port: number }).port}`
    await ok(gantry('-t', 'git:1', `${server.url}/app.git#main:sub`))
    assert.equal(await run('git:1', 'cat', '/listed', '/c/f'), 'Dockerfile\nf\nf')
    await ok(gantry('-t', 'http:1', `${base}/a.tar`))
    assert.equal(await run('http:1', 'cat', '/listed'), 'Dockerfile\nf')
    await ok(gantry('-t', 'http:2', `${base}/Other`))
    assert.equal(await run('http:2', 'cat', '/listed'), 'alone')
    const input = 'FROM busybox\nCOPY top /t\n'
    await ok(daemon().gantry(['build', '-t', 'git:2', '-f', '-', `${server.url}/app.git`], { input }))
    assert.equal(await run('git:2', 'cat', '/t'), 'top')
    const { dockerode } = daemon()
    const stream = await dockerode.buildImage('', {
      remote: `${server.url}/app.git?subdir=sub`,
      t: 'git:3',
    })
    await new Promise((resolve, reject) =>
      dockerode.modem.followProgress(stream, (error, messages) =>
        error ? reject(error) : resolve(messages),
      ),
    )
    assert.equal(await run('git:3', 'cat', '/c/f'), 'f')
    const adding = `FROM busybox\nADD --checksum=${commit} ${server.url}/app.git /a\nADD --keep-git-dir=true ${server.url}/app.git#main:. /b\n`
    await ok(gantry('-t', 'git:4', await context({ Dockerfile: adding })))
    assert.equal(
      await run('git:4', 'sh', '-c', 'cat /a/top; ls -A /a; ls -d /b/.git'),
      'top\nsub\ntop\n/b/.git',
    )
    const named = ['--build-context', `app=${server.url}/app.git#main:sub`]
    const copying = 'FROM busybox\nCOPY --from=app f /named\n'
    const kept = await gantry(...named, '--output=type=cacheonly', await context({ Dockerfile: copying }))
    assert.equal(kept.exitCode, 0, kept.stderr)
    await leavesNothing(daemon(), async () => {
      for (const [address, expected] of [
        [`${base}/none`, /error downloading remote context .*404/],
        [`${server.url}/app.git#nope`, /failed to fetch remote .*app\.git/],
        [`${server.url}/app.git#main:none`, /the repository has no directory "none"/],
        [`${server.url}/app.git`, /Cannot locate specified Dockerfile: Dockerfile/],
      ] as const) {
        const refused = await gantry(address)
        assert.equal(refused.exitCode, 1)
        assert.match(refused.stderr, expected)
      }
      const wrong = `FROM busybox\nADD --checksum=${'0'.repeat(40)} ${server.url}/app.git /a\n`
      assert.match(
        (await gantry(await context({ Dockerfile: wrong }))).stderr,
        /expected checksum to match 0+, got/,
      )
    })
  })

  test('a context from a git daemon, and ADD of what it serves', { timeout: 300_000 }, async (t) => {
    const served = await context({
      'app/sub/Dockerfile': 'FROM busybox\nCOPY . /c\n',
      'app/sub/f': 'by git\n',
    })
    const repository = join(served, 'app')
    await repositoryOf(repository)
    await using server = await serveGitProtocol(served)
    if (!server) {
      t.skip('git daemon is not installed')
      return
    }
    await ok(gantry('-t', 'git:5', `${server.url}/app#main:sub`))
    assert.equal(await run('git:5', 'cat', '/c/f'), 'by git')
    const adding = `FROM busybox\nADD ${server.url}/app#main:sub /a\n`
    await ok(gantry('-t', 'git:6', await context({ Dockerfile: adding })))
    assert.equal(await run('git:6', 'cat', '/a/f'), 'by git')
    await leavesNothing(daemon(), async () => {
      const refused = await gantry(`${server.url}/none#main`)
      assert.equal(refused.exitCode, 1)
      assert.match(refused.stderr, /failed to fetch remote .*none/)
    })
  })

  test('archives that climb, as contexts and in ADD: nothing is written outside', async () => {
    const canary = join(top, 'climbed')
    const file = (name: string): TarInput => ({
      header: entryHeader({ name, type: 'file', mode: 0o644, size: 1 }),
      content: [Buffer.from('x')],
    })
    const link = (name: string, linkName: string): TarInput => ({
      header: entryHeader({ name, type: 'symlink', mode: 0o777, linkName }),
    })
    const up = '../'.repeat(12)
    const climbing = [
      file(`${up}${canary}`),
      file(canary),
      link('away', top),
      file('away/climbed'),
      link('l', `${up}tmp`),
    ]
    const inner = Buffer.concat(await Array.fromAsync(writeTar(climbing)))
    const archive = join(top, 'climbing.tar')
    await writeFile(archive, inner)
    const { dockerode } = daemon()
    const sent = dockerode
      .buildImage(archive, {})
      .then((stream) => Array.fromAsync(stream as AsyncIterable<Buffer>))
    await assert.rejects(sent, /climb|escape|outside|invalid|symlink|not a directory/i)
    for (const [hostile, expected] of [
      [climbing.slice(0, 2), new RegExp(`${canary}" is outside of the layer`)],
      [climbing.slice(2), /mkdirat away: file exists/],
    ] as const) {
      const root = await context({ Dockerfile: 'FROM busybox\nADD inner.tar /in/\nCOPY . /all/\n' })
      await writeFile(join(root, 'inner.tar'), Buffer.concat(await Array.fromAsync(writeTar(hostile))))
      const { exitCode, stderr } = await gantry(root)
      assert.equal(exitCode, 1)
      assert.match(stderr, expected)
    }
    const { readdir } = await import('node:fs/promises')
    assert.ok(!(await readdir(top)).includes('climbed'))
  })

  test('docker-compose 1.29: build, up --build', async (t) => {
    if ((await exec('docker-compose', ['--version'])).exitCode !== 0) return t.skip('no docker-compose')
    const root = await context({
      'app/Dockerfile.app':
        'FROM busybox AS first\nARG WORD\nRUN echo $WORD > /word\nFROM busybox\nCOPY --from=first /word /word\nCMD ["cat", "/word"]\n',
      'docker-compose.yml': JSON.stringify({
        version: '3.8',
        services: {
          app: {
            image: 'composed:1',
            network_mode: 'none',
            build: {
              context: 'app',
              dockerfile: 'Dockerfile.app',
              args: { WORD: 'composed' },
              labels: { l: 'm' },
            },
          },
        },
      }),
    })
    const compose = (...args: string[]): Promise<CommandResult> =>
      exec('docker-compose', ['-f', join(root, 'docker-compose.yml'), '-p', 'composed', ...args], {
        env: {
          ...process.env,
          DOCKER_HOST: daemon().host,
          DOCKER_BUILDKIT: '0',
          COMPOSE_DOCKER_CLI_BUILD: '0',
        },
      })
    const built = await ok(compose('build'))
    assert.match(built.stdout + built.stderr, /Step 2\/7 : ARG WORD[\s\S]*Successfully tagged composed:1/)
    const up = await ok(compose('up', '--build'))
    assert.match(up.stdout, /composed\n[\s\S]*exited with code 0/)
    assert.match(up.stdout + up.stderr, /Using cache/)
    const { Config } = await daemon().dockerode.getImage('composed:1').inspect()
    assert.equal(Config.Labels.l, 'm')
    await ok(compose('down'))
  })

  test('on a terminal: a live view, a shell where a step failed, and Ctrl-C', async (t) => {
    const text = [
      'FROM busybox',
      'RUN mkdir -p -m 1777 /tmp',
      'ENV KEPT=kept',
      'WORKDIR /work',
      'USER 12:34',
      'RUN --mount=type=cache,id=of-a-failed-step,target=/cache,uid=12 --mount=type=secret,id=s,uid=12 --mount=target=/c --mount=type=tmpfs,target=/t echo left > /tmp/left; echo cached > /cache/x; echo "no luck" >&2; exit 3',
    ].join('\n')
    const root = await context({ Dockerfile: text, secret: 'hidden\n', file: 'of the context\n' })
    const forever = await context({ Dockerfile: 'FROM busybox\nRUN echo begun; sleep 1000\n' })
    const beginning = await context({ Dockerfile: text.split('\n').slice(0, 5).join('\n') })
    await ok(gantry('--add-host', 'far:10.9.8.7', beginning))
    await leavesNothing(daemon(), async () => {
      const terminal = await openTerminal(t, { columns: 100, rows: 40 })
      const command = `${repository}dist/gantry -H ${daemon().host} build`
      await terminal.type(
        `${command} --debug-on-error --add-host far:10.9.8.7 --secret id=s,src=${root}/secret ${root}; echo code=$?`,
      )
      await terminal.press('Enter')
      await terminal.shows(/ => ERROR \[4\/4\] RUN [\s\S]*no luck[\s\S]*\/work \$ $/m)
      await terminal.type(
        'clear; cat /tmp/left; id -u; pwd; echo $KEPT; cat /cache/x /run/secrets/s /c/file; df /t | tail -n 1; grep far /etc/hosts; exit',
      )
      await terminal.press('Enter')
      await terminal.shows(
        /left\n12\n\/work\nkept\ncached\nhidden\nof the context\ntmpfs .* \/t\n10\.9\.8\.7\s+far\n[\s\S]*code=1/,
      )
      await terminal.type(`clear; trap : INT; ${command} ${forever}; echo code=$?`)
      await terminal.press('Enter')
      await terminal.shows(/Building[\s\S]* => => # begun/)
      await terminal.press('C-c')
      await terminal.shows(/code=\d+/)
    })
    for (const path of ['attach', 'resize?h=1&w=1'])
      assert.equal((await daemon().api('POST', `/v1.47/build/shells/none/${path}`)).status, 404)
    const refused = await gantry('--debug-on-error', root)
    assert.match(refused.stderr, /--debug-on-error opens a shell: it needs a terminal/)
    assert.equal(refused.exitCode, 1)
  })

  test('a build that is given up ends at once, with everything it started', async (t) => {
    const root = await context({ Dockerfile: 'FROM busybox\nRUN echo begun; sleep 300\n' })
    await leavesNothing(daemon(), async () => {
      const binary = process.env.GANTRY_BINARY ?? `${repository}dist/gantry`
      const client = spawn(binary, ['-H', daemon().host, 'build', root])
      t.after(() => client.kill('SIGKILL'))
      let told = ''
      client.stderr.on('data', (text) => {
        told += text
      })
      await until('the step', () => /\d begun/.test(told))
      client.kill('SIGKILL')
      await once(client, 'exit')
    })
  })

  test('CVE-2024-23652 and CVE-2019-10152: contexts and steps lead nowhere but into their own roots', async () => {
    const canary = join(top, 'canary')
    await mkdir(canary)
    await writeFile(join(canary, 'secret'), 'secret')
    const root = await context({
      Dockerfile: [
        'FROM busybox',
        `RUN ln -s ${canary} /out && rm -rf /victim && ln -s ${canary} /victim`,
        'COPY f /out/f',
        'RUN --mount=type=cache,target=/victim/made echo x > /victim/made/y || true',
        'WORKDIR /out/directory',
      ].join('\n'),
      f: 'f',
    })
    await symlink(canary, join(root, 'link'))
    await gantry(root)
    const copied = await gantry('-f', '-', root)
    assert.notEqual(copied.exitCode, 0)
    assert.equal(await readFile(join(canary, 'secret'), 'utf8'), 'secret')
    assert.deepEqual(await readdir(canary), ['secret'])
  })

  test('CVE-2024-23651: steps that share a cache mount lead each other nowhere by changing links in it', async () => {
    const canary = join(top, 'shared-canary')
    await mkdir(canary)
    await writeFile(join(canary, 'secret'), 'secret')
    const mount = 'RUN --mount=type=cache,target=/c,id=changing'
    const turn = `ln -sfn ${canary} /c/d; rm -rf /c/d; mkdir -p /c/d; rm -rf /c/d`
    const changing = await context({
      Dockerfile: `FROM busybox\n${mount} for i in $(seq 2000); do [ -e /c/end ] && break; ${turn}; done\n`,
    })
    const used = await context({
      Dockerfile: [
        'FROM busybox',
        'ARG N',
        `${mount} --mount=type=tmpfs,target=/c/d echo $N > /c/d/x || true`,
        `${mount} --mount=type=cache,id=inner,target=/c/d/e echo $N > /c/d/e/x || true`,
        `${mount} --mount=type=bind,source=f,target=/c/d/f,rw echo $N > /c/d/f || true`,
      ].join('\n'),
      f: 'f',
    })
    const changed = gantry('--no-cache', '-q', changing)
    // A target that goes while it is mounted upon fails the step, and that is all.
    for (const n of ['1', '2', '3']) await gantry('--no-cache', '-q', '--build-arg', `N=${n}`, used)
    const end = await context({ Dockerfile: `FROM busybox\n${mount} touch /c/end\n` })
    await ok(gantry('--no-cache', '-q', end))
    await ok(changed)
    assert.ok(!(await readFile('/proc/self/mountinfo', 'utf8')).includes(canary))
    assert.deepEqual(await readdir(canary), ['secret'])
    assert.equal(await readFile(join(canary, 'secret'), 'utf8'), 'secret')
  })
})
