/** Builds whose client has a session open: files sent when they are asked for, secrets, ssh agents. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { basename, join } from 'node:path'
import { after, before, suite, type TestContext, test } from 'node:test'
import { repositoryOf, serveGit, serveSsh } from '../../packages/engine/build/git/testing.ts'
import { startRegistry } from '../registry/registry.ts'
import { buildx, buildxEnvironment } from './buildx.ts'
import { contextIn } from './contexts.ts'
import { leavesNothing } from './daemon-state.ts'
import { type CommandOptions, type CommandResult, gantryBinary, run, suiteDaemon, until } from './harness.ts'
import { oldDocker } from './old-docker.ts'
import { unpackedTool } from './unpacked-tool.ts'

/** A text that is searched for wherever it must not be. */
const secret = 'hush-4f1d9a7e'

suite('build in a session', { concurrency: 1 }, () => {
  const daemon = suiteDaemon({ flags: ['--debug', '--max-build-context', '32MB'] })
  let top: string
  let count = 0
  let docker = ''
  /** Why a client cannot be tried, by its name. */
  const missing = new Map<string, string>()
  let plugin = ''

  before(async () => {
    top = await mkdtemp('/tmp/gantry-e2e-session-')
    const found = await oldDocker()
    if ('path' in found) docker = found.path
    else missing.set('docker 20.10', found.missing)
    plugin = (await buildx()) ?? ''
    if (plugin === '') missing.set('docker buildx', 'there is no docker-buildx here')
  })
  after(() => rm(top, { recursive: true, force: true }))

  const context = (files: Record<string, string>): Promise<string> => contextIn(top, files)

  type Build = (args: string[], options?: CommandOptions) => Promise<CommandResult>
  const clients: [string, Build][] = [
    ['gantry', (args, options) => daemon().gantry(['build', ...args], options)],
    [
      'docker 20.10',
      (args, options) =>
        run(docker, ['-H', daemon().host, 'build', '--progress=plain', ...args], {
          ...options,
          env: { DOCKER_BUILDKIT: '1', ...options?.env },
        }),
    ],
    [
      'docker buildx',
      (args, options) =>
        run(plugin, ['build', '--progress=plain', ...args], {
          ...options,
          env: { ...buildxEnvironment(daemon().host, top), ...options?.env },
        }),
    ],
  ]

  /** A test for each client. */
  function each(name: string, body: (build: Build, tag: string, t: TestContext) => Promise<void>): void {
    for (const [client, build] of clients)
      test(`${client}: ${name}`, async (t) => {
        const reason = missing.get(client)
        if (reason !== undefined) return t.skip(reason)
        await body(build, `${client.replace(' ', '-')}-${++count}`, t)
      })
  }

  async function ok(result: Promise<CommandResult>): Promise<string> {
    const { exitCode, stdout, stderr } = await result
    assert.equal(exitCode, 0, `${stdout}\n${stderr}\n${daemon().log.slice(-5000)}`)
    return stdout + stderr
  }
  const inside = async (...args: string[]): Promise<string> =>
    (await ok(daemon().gantry(['run', '--rm', ...args]))).trimEnd()

  each('only what is asked for travels, and only what has changed', async (build, tag) => {
    const root = await context({
      Dockerfile: 'FROM busybox\nCOPY a.txt dir /dst/\nCOPY link /linked\nRUN cat /dst/*\n',
      'a.txt': 'first\n',
      'dir/b.txt': 'b\n',
      'dir/ignored.log': 'log\n',
      'other/unused': 'x'.repeat(300_000),
      target: 'behind the link\n',
      '.dockerignore': '*.txt\n**/*.log\n!a.txt\n!**/b.txt\n',
    })
    await symlink('target', join(root, 'link'))
    await chmod(join(root, 'dir/b.txt'), 0o754)
    await utimes(join(root, 'dir/b.txt'), 1_000_000_000, 1_000_000_000)
    const kept = join(daemon().root, 'data/build/kept-contexts')
    await daemon().api('POST', '/build/prune?all=1')
    await ok(build(['-t', tag, root]))
    const [tree = ''] = await readdir(kept)
    const files = async () => (await readdir(join(kept, tree, 'tree'), { recursive: true })).sort()
    assert.deepEqual(await files(), ['a.txt', 'dir', 'dir/b.txt', 'link', 'target'])
    assert.equal(await inside(tag, 'cat', '/dst/a.txt', '/dst/b.txt', '/linked'), 'first\nb\nbehind the link')
    assert.equal(await inside(tag, 'stat', '-c', '%a %Y %u', '/dst/b.txt'), '754 1000000000 0')
    // In whatever order a client shows them: the base, two copies, the command.
    const again = await ok(build(['-t', tag, root]))
    assert.equal(again.match(/^#\d+ CACHED$/gm)?.length, 4, again)
    await writeFile(join(root, 'a.txt'), 'second\n')
    await rm(join(root, 'target'))
    await rm(join(root, 'link'))
    await mkdir(join(root, 'link'))
    await writeFile(join(root, 'link/now'), 'a directory')
    await ok(build(['-t', tag, root]))
    assert.equal(await inside(tag, 'cat', '/dst/a.txt', '/linked/now'), 'second\na directory')
    assert.deepEqual(await files(), ['a.txt', 'dir', 'dir/b.txt', 'link', 'link/now'])
    assert.equal((await readdir(kept)).length, 1)
  })

  each('Dockerfiles elsewhere and on standard input, contexts that are archives', async (build, tag) => {
    const root = await context({ f: 'f', g: 'g' })
    const text = 'FROM busybox\nCOPY . /c\n'
    const file = join(await context({ Other: text, 'Other.dockerignore': 'g\n' }), 'Other')
    await ok(build(['-t', tag, '-f', file, root]))
    assert.equal(await inside(tag, 'ls', '/c'), 'f')
    await ok(build(['-t', tag, '-f', '-', root], { input: text }))
    assert.equal(await inside(tag, 'ls', '/c'), 'f\ng')
    await ok(build(['-t', tag, '-'], { input: 'FROM busybox\nRUN echo alone > /x\n' }))
    assert.equal(await inside(tag, 'cat', '/x'), 'alone')
    await writeFile(join(root, 'Dockerfile'), text)
    await run('tar', ['-C', root, '-cf', `${root}.tar`, '.'])
    await ok(build(['-t', tag, '-'], { input: await readFile(`${root}.tar`) }))
    assert.equal(await inside(tag, 'cat', '/c/f'), 'f')
  })

  each('a quiet build tells the id alone, and writes it down', async (build, tag) => {
    const root = await context({ Dockerfile: `FROM busybox\nRUN echo ${tag} > /made\n` })
    const file = join(root, '../iid')
    const quiet = tag.startsWith('docker-buildx') ? '--progress=quiet' : '-q'
    const { stdout, stderr, exitCode } = await build([quiet, '-t', tag, '--iidfile', file, root])
    assert.deepEqual([exitCode, stderr], [0, ''])
    const { Id } = await daemon().dockerode.getImage(tag).inspect()
    assert.deepEqual([stdout, await readFile(file, 'utf8')], [`${Id}\n`, Id])
  })

  each('CVE-2023-26054: a secret is in the step that asks for it and nowhere else', async (build, tag) => {
    const root = await context({
      Dockerfile: [
        'FROM busybox',
        'RUN --mount=type=secret,id=one,required [ "$(sha256sum < /run/secrets/one)" = "$(cat /run/secrets/two)" ]',
        'RUN --mount=type=secret,id=one,target=/here,mode=0440,uid=3 stat -c "%a %u" /here > /seen',
        'RUN --mount=type=secret,id=none ls /run/secrets > /none || true',
      ]
        .join('\n')
        .replace('id=one,required', 'id=one,required --mount=type=secret,id=two'),
      one: secret,
    })
    const hash = (await run('sha256sum', [], { input: secret })).stdout
    await writeFile(join(root, 'two'), hash)
    const flags = ['--secret', `id=one,src=${root}/one`, '--secret', `id=two,src=${root}/two`]
    const output = await ok(build(['-t', tag, '--no-cache', ...flags, root]))
    assert.equal(await inside(tag, 'cat', '/seen'), '440 3')
    const found = await run('grep', ['-rlF', secret, `${daemon().root}/data`, `${daemon().root}/exec`])
    assert.equal(found.stdout, '')
    const history = await ok(daemon().gantry(['history', '--no-trunc', tag]))
    for (const text of [output, history, daemon().log]) assert.ok(!text.includes(secret))
    const without = await build(['--no-cache', root])
    assert.equal(without.exitCode, 1)
    assert.match(without.stderr, /secret one: not found/)
  })

  each('an ssh agent is lent to a step', async (build, tag) => {
    const path = join(top, `agent-${++count}`)
    const agent = createServer()
    await once(agent.listen(path), 'listening')
    try {
      const root = await context({
        Dockerfile: [
          'FROM busybox',
          'RUN --mount=type=ssh,required [ -S "$SSH_AUTH_SOCK" ] && stat -c "%a %u" $SSH_AUTH_SOCK > /said',
          'RUN --mount=type=ssh,uid=7,mode=0620 stat -c "%a %u" $SSH_AUTH_SOCK >> /said',
          'RUN echo "[$SSH_AUTH_SOCK]" >> /said; ls /run/buildkit >> /said 2>/dev/null; true',
        ].join('\n'),
      })
      await ok(build(['-t', tag, '--ssh', `default=${path}`, root]))
      assert.equal(await inside(tag, 'cat', '/said'), '600 0\n620 7\n[]')
      const without = await build(['--no-cache', root])
      assert.equal(without.exitCode, 1)
      assert.match(without.stdout + without.stderr, /unset ssh forward key default/)
    } finally {
      agent.close()
    }
  })

  test('gantry: files of private keys take the place of an agent', async () => {
    const root = await context({
      Dockerfile: [
        'FROM busybox',
        'COPY key.pub /',
        'RUN --mount=type=ssh,id=deploy --mount=target=/c ssh() { /c/tool/ld.so --library-path /c/tool /c/tool/ssh-add "$@"; }; ssh -L > /keys && ssh -T /key.pub && ! ssh -D',
      ].join('\n'),
      '.dockerignore': 'key\n',
      'tool/.keep': '',
    })
    const key = join(root, 'key')
    await ok(run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', key]))
    const libraries = (await ok(run('ldd', ['/usr/bin/ssh-add']))).matchAll(/(\/\S+) \(0x/g)
    for (const [, path = ''] of libraries)
      await copyFile(path, join(root, 'tool', path.includes('/ld-linux') ? 'ld.so' : basename(path)))
    await copyFile('/usr/bin/ssh-add', join(root, 'tool/ssh-add'))
    const gantry = (...args: string[]) => daemon().gantry(['build', '--no-cache', ...args, root])
    await ok(gantry('-t', 'keys', '--ssh', `deploy=${key}`))
    assert.equal(await inside('keys', 'cat', '/keys'), (await readFile(`${key}.pub`, 'utf8')).trim())
    await ok(run('ssh-keygen', ['-q', '-p', '-a', '1', '-P', '', '-N', 'secret', '-f', key]))
    const refused = await gantry('--ssh', `deploy=${key}`)
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stderr, /failed to parse .*key: this private key is passphrase protected/)
  })

  each('base images come with what the client has for their registry', async (build, tag, t) => {
    const registry = await startRegistry({ htpasswd: { ann: 'open sesame' } }, t)
    const image = `${registry.host}/private:1`
    const configured = async (password: string): Promise<CommandOptions> => {
      const directory = join(await context({}), 'config')
      await mkdir(directory, { recursive: true })
      const auth = Buffer.from(`ann:${password}`).toString('base64')
      await writeFile(
        join(directory, 'config.json'),
        JSON.stringify({ auths: { [registry.host]: { auth } } }),
      )
      return { env: { DOCKER_CONFIG: directory } }
    }
    const options = await configured('open sesame')
    await ok(daemon().gantry(['tag', 'busybox', image]))
    await ok(daemon().gantry(['push', image], options))
    const root = await context({ Dockerfile: `FROM ${image}\nRUN echo ${tag} > /made\n` })
    const forget = () => daemon().gantry(['rmi', '-f', tag, image])
    await forget()
    const wrong = await build(['-t', tag, '--pull', root], await configured('wrong'))
    assert.equal(wrong.exitCode, 1)
    assert.match(wrong.stdout + wrong.stderr, /unauthorized|no basic auth|401/i)
    await ok(build(['-t', tag, '--pull', root], options))
    assert.equal(await inside(tag, 'cat', '/made'), tag)
    await forget()
  })

  each('mistakes and failures are told, with their lines, and leave nothing', async (build, tag) => {
    await leavesNothing(daemon(), async () => {
      const cases: [Record<string, string>, RegExp][] = [
        [{ Dockerfile: 'FROM busybox\nRUNN x\n' }, /unknown instruction: RUNN/],
        [{ Dockerfile: 'FROM busybox\nCOPY nothing /\n' }, /"\/nothing": not found/],
        [
          { Dockerfile: 'FROM busybox\nRUN echo last words; exit 3\n' },
          /last words[\s\S]*did not complete successfully: exit code: 3/,
        ],
        [{ Dockerfile: '' }, /cannot be empty|file with no instructions/],
      ]
      for (const [files, expected] of cases) {
        const result = await build([await context(files)])
        assert.equal(result.exitCode, 1, JSON.stringify(files))
        assert.match(result.stdout + result.stderr, expected)
        const last = files.Dockerfile?.split('\n').at(-2)
        if (last && !tag.startsWith('docker-20.10'))
          assert.match(result.stderr, new RegExp(` 2 \\| >>> ${last}\n`))
      }
    })
  })

  each('a context that is too large is refused, however it comes, and leaves nothing', async (build) => {
    const root = await context({ Dockerfile: 'FROM busybox\nCOPY . /c\n' })
    await truncate(await touched(join(root, 'a')), 20_000_000)
    await truncate(await touched(join(root, 'b')), 20_000_000)
    await run('tar', ['-C', root, '-czf', `${root}.tgz`, '.'])
    const archive = await readFile(`${root}.tgz`)
    const kept = async (): Promise<string[]> => {
      const places = ['contexts', 'kept-contexts'].map((name) => join(daemon().root, 'data/build', name))
      return (await Promise.all(places.map((place) => readdir(place).catch(() => [])))).flat()
    }
    const before = await kept()
    await leavesNothing(daemon(), async () => {
      for (const result of [await build([root]), await build(['-'], { input: archive })]) {
        assert.equal(result.exitCode, 1)
        assert.match(result.stdout + result.stderr, /the build context is larger than 33554432 bytes/)
      }
      await until('nothing of it to be kept', async () => (await kept()).join() === before.join())
    })
  })

  const touched = async (path: string): Promise<string> => {
    await writeFile(path, '')
    return path
  }

  test('contexts from elsewhere are limited as well', async (t) => {
    const root = await context({ Dockerfile: 'FROM busybox\nCOPY . /c\n' })
    await truncate(await touched(join(root, 'large')), 40_000_000)
    await run('tar', ['-C', root, '-czf', `${root}.tgz`, '.'])
    const server = createHttpServer(async (_, answer) => answer.end(await readFile(`${root}.tgz`)))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    t.after(() => server.close())
    await repositoryOf(root)
    await using git = await serveGit(root)
    const { port } = server.address() as AddressInfo
    for (const address of [`http://127.0.0.1:${port}/c.tgz`, `${git.url}/.git`]) {
      const { exitCode, stderr } = await daemon().gantry(['build', address])
      assert.equal(exitCode, 1)
      assert.match(stderr, /larger than 33554432 bytes/)
    }
    assert.deepEqual(await readdir(join(daemon().root, 'data/build/contexts')), [])
  })

  test('a private repository as context is opened with what the client lends, which stays nowhere', async () => {
    const root = await context({ Dockerfile: 'FROM busybox\nCOPY f /\n', f: 'private' })
    const head = await repositoryOf(root)
    await using git = await serveGit(root)
    const file = join(await context({ token: secret }), 'token')
    await ok(
      daemon().gantry([
        'build',
        '-t',
        'private',
        '--secret',
        `id=GIT_AUTH_TOKEN,src=${file}`,
        `${git.url}/.git`,
      ]),
    )
    assert.equal(await inside('private', 'cat', '/f'), 'private')
    const expected = `basic ${Buffer.from(`x-access-token:${secret}`).toString('base64')}`
    assert.equal(git.authorizations.at(-1), expected)
    // As a named context, and with its history, which is the same each time.
    const using = await context({
      Dockerfile: `FROM busybox\nCOPY --from=app f /named\nADD --keep-git-dir ${git.url}/.git /app\n`,
    })
    const named = ['--secret', `id=GIT_AUTH_TOKEN,src=${file}`, '--build-context', `app=${git.url}/.git`]
    const before = git.authorizations.length
    await ok(daemon().gantry(['build', '-t', 'private', ...named, using]))
    assert.ok(git.authorizations.length > before)
    assert.ok(git.authorizations.every((each) => each === expected))
    assert.equal(
      await inside('private', 'cat', '/named', '/app/.git/HEAD', '/app/f'),
      `private${head}\nprivate`,
    )
    const again = await ok(daemon().gantry(['build', '-t', 'private', ...named, using]))
    assert.equal(again.match(/^#\d+ CACHED$/gm)?.length, 3, again)
    const places = ['data', 'exec'].map((name) => join(daemon().root, name))
    for (const text of [secret, expected])
      assert.equal((await run('grep', ['-rlF', text, ...places])).stdout, '')
  })

  test('a repository over ssh is opened with a key that stays with the client', async (t) => {
    const root = await context({
      'app/Dockerfile': 'FROM busybox\nCOPY f /\n',
      'app/f': 'over ssh',
      'key/x': '',
    })
    const key = join(root, 'key/id')
    await ok(run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]))
    const publicKey = await readFile(`${key}.pub`, 'utf8')
    const found = await unpackedTool('sshd', () => serveSsh(join(root, 'key'), publicKey))
    if (!found) return t.skip('there is no sshd here')
    await using server = found
    await repositoryOf(join(root, 'app'))
    const url = `${server.url}${join(root, 'app')}/.git`
    await ok(daemon().gantry(['build', '-t', 'ssh-context', '--ssh', `default=${key}`, url]))
    assert.equal(await inside('ssh-context', 'cat', '/f'), 'over ssh')
    const added = await context({ Dockerfile: `FROM busybox\nADD ${url} /a\nCOPY --from=n f /n\n` })
    const named = ['--build-context', `n=${url}`, '--ssh', `default=${key}`]
    await ok(daemon().gantry(['build', '-t', 'ssh-context', ...named, added]))
    assert.equal(await inside('ssh-context', 'cat', '/a/f', '/n'), 'over sshover ssh')
    const refused = await daemon().gantry(['build', url])
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stderr, /Permission denied/)
    assert.doesNotMatch(refused.stderr, /\ufffd|known hosts/)
  })

  test('two Dockerfiles of one directory with ignore files of their own, built at once', async () => {
    const root = await context({
      'One.Dockerfile': 'FROM busybox\nCOPY . /c\nRUN ls /c > /seen\n',
      'One.Dockerfile.dockerignore': '*ockerfile*\ntwo\n',
      'Two.Dockerfile': 'FROM busybox\nCOPY . /c\nRUN ls /c > /seen\n',
      'Two.Dockerfile.dockerignore': '*ockerfile*\none\n',
      one: '1',
      two: '2',
      both: '',
    })
    for (const round of ['first', 'second']) {
      await writeFile(join(root, 'both'), round)
      const names = ['One', 'Two']
      await Promise.all(
        names.map((name) =>
          ok(
            daemon().gantry([
              'build',
              '-t',
              name.toLowerCase(),
              '-f',
              join(root, `${name}.Dockerfile`),
              root,
            ]),
          ),
        ),
      )
      assert.equal(await inside('one', 'cat', '/seen', '/c/both'), `both\none\n${round}`)
      assert.equal(await inside('two', 'cat', '/seen', '/c/both'), `both\ntwo\n${round}`)
    }
  })

  each('a client that goes cancels its build', async (_, tag, t) => {
    // So long that it is no other test's.
    const sleeps = `sleep ${300_000 + process.pid}`
    const root = await context({ Dockerfile: `FROM busybox\nRUN echo begun; ${sleeps}\n` })
    await leavesNothing(daemon(), async () => {
      const client = spawnClient(tag, root, t)
      await until('the step', () => /begun\r?\n/.test(client.output()), 60)
      client.process.kill('SIGKILL')
      await until('its end', async () => !(await run('ps', ['ax'])).stdout.includes(sleeps))
    })
  })

  test('two clients want one step: when the first goes, the other one runs it with what is its own', async (t) => {
    const root = await context({
      Dockerfile: [
        'FROM busybox',
        'RUN --mount=type=secret,id=how,env=HOW --mount=type=bind,target=/c \\',
        '  echo begun && if [ "$HOW" = wait ]; then sleep 30047; fi && cat /c/f > /f',
      ].join('\n'),
      f: 'f\n',
    })
    const secrets = await context({ wait: 'wait', go: 'go' })
    const flags = (how: string): string[] => ['--secret', `id=how,src=${secrets}/${how}`]
    const first = spawnClient('gantry', root, t, flags('wait'))
    await until('the step', () => /begun\r?\n/.test(first.output()), 60)
    const second = spawnClient('gantry', root, t, flags('go'))
    await until('the other one to wait for it', () => second.output().includes('[2/2] RUN'), 60)
    first.process.kill('SIGKILL')
    const [code] = await once(second.process, 'exit', { signal: AbortSignal.timeout(120_000) })
    assert.equal(code, 0, `${second.output()}\n${daemon().log.slice(-5000)}`)
    assert.match(second.output(), /begun/)
    assert.ok(!(await run('ps', ['ax'])).stdout.includes('sleep 30047'))
  })

  function spawnClient(
    tag: string,
    root: string,
    t: TestContext,
    flags = ['--no-cache'],
  ): { process: ChildProcess; output(): string } {
    const host = ['-H', daemon().host]
    const [command, before] = tag.startsWith('gantry')
      ? [gantryBinary, host]
      : tag.startsWith('docker-buildx')
        ? [plugin, []]
        : [docker, host]
    const env = { ...process.env, ...buildxEnvironment(daemon().host, top), DOCKER_BUILDKIT: '1' }
    const process_ = spawn(command, [...before, 'build', ...flags, root], { env })
    t.after(() => process_.kill('SIGKILL'))
    let text = ''
    for (const stream of [process_.stdout, process_.stderr])
      stream.on('data', (data) => {
        text += data
      })
    return { process: process_, output: () => text }
  }

  test('docker 20.10 ends when its build is refused before its session is there', async (t) => {
    if (docker === '') return t.skip(missing.get('docker 20.10'))
    const root = await context({ Dockerfile: 'FROM busybox\n' })
    for (let attempt = 0; attempt < 4; attempt++) {
      const args = ['-H', daemon().host, 'build', '--progress=plain', '-o', 'type=foo', root]
      const limited = ['-s', 'KILL', '60', docker, ...args]
      const { exitCode, stderr } = await run('timeout', limited, { env: { DOCKER_BUILDKIT: '1' } })
      assert.match(stderr, /exporter "foo" could not be found/)
      assert.equal(exitCode, 1)
    }
  })

  test('requests for a session that make no sense are refused', async () => {
    const answer = await daemon().api('POST', '/session')
    assert.deepEqual(answer, { status: 400, body: { message: 'no upgrade proto in request' } })
    const build = await daemon().api('POST', '/build?version=2&remote=client-session&session=nosuch')
    assert.equal(build.status, 404)
    assert.deepEqual(await daemon().api('POST', '/build/cancel?id=nosuch'), { status: 200, body: '' })
  })
})
