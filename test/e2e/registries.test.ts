/** Logging in, asking and searching registries, and manifest lists: by both commands, against real registries. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { entryHeader, tarOf } from '@gantry/oci'
import { startFaultProxy } from '../registry/fault-proxy.ts'
import { startRegistry, type TestRegistry } from '../registry/registry.ts'
import { type CommandOptions, run, suiteDaemon, until } from './harness.ts'

const accept = 'application/vnd.docker.distribution.manifest.v2+json'

/** Stores an image with an empty layer list for a platform, by plain requests. */
async function pushImage(
  registry: TestRegistry,
  name: string,
  tag: string,
  platform: object,
  headers = {},
): Promise<string> {
  const config = JSON.stringify({ ...platform, config: {}, rootfs: { type: 'layers', diff_ids: [] } })
  const digest = `sha256:${createHash('sha256').update(config).digest('hex')}`
  const started = await fetch(`${registry.url}/v2/${name}/blobs/uploads/`, { method: 'POST', headers })
  const location = new URL(started.headers.get('location') ?? '', registry.url)
  location.searchParams.set('digest', digest)
  await fetch(location, {
    method: 'PUT',
    body: config,
    headers: { ...headers, 'Content-Type': 'application/octet-stream' },
  })
  const descriptor = {
    mediaType: 'application/vnd.docker.container.image.v1+json',
    size: config.length,
    digest,
  }
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: accept, config: descriptor, layers: [] })
  const put = await fetch(`${registry.url}/v2/${name}/manifests/${tag}`, {
    method: 'PUT',
    body: manifest,
    headers: { ...headers, 'Content-Type': accept },
  })
  assert.equal(put.status, 201)
  return put.headers.get('docker-content-digest') ?? ''
}

describe('registries', () => {
  const daemon = suiteDaemon({ busybox: false })
  const cleanUp: (() => Promise<unknown>)[] = []
  let basic: TestRegistry
  let bearer: TestRegistry
  let open: TestRegistry
  before(async () => {
    const users = { ann: 'secret' }
    const started = await Promise.all([
      startRegistry({ htpasswd: users }),
      startRegistry({ token: { users } }),
      startRegistry(),
    ])
    ;[basic, bearer, open] = started
    cleanUp.push(...started.map((registry) => () => registry.stop()))
  })
  after(() => Promise.all(cleanUp.map((hook) => hook())))

  /** A folder of configuration of its own, used by whichever command. */
  async function configured(settings: object = {}) {
    const folder = await mkdtemp('/tmp/gantry-e2e-config-')
    cleanUp.push(() => rm(folder, { recursive: true }))
    if (Object.keys(settings).length > 0) await writeFile(`${folder}/config.json`, JSON.stringify(settings))
    const options = { env: { DOCKER_CONFIG: folder } }
    return {
      folder,
      settings: async () =>
        JSON.parse(await readFile(`${folder}/config.json`, 'utf8')) as Record<string, Record<string, object>>,
      with: (more: CommandOptions): CommandOptions => ({ ...more, env: { ...options.env, ...more.env } }),
    }
  }

  for (const command of ['gantry', 'docker'] as const) {
    const cli = (args: string[], options: CommandOptions) => daemon()[command](args, options)

    test(`${command} login and logout: the password on stdin, refused ones, and what is kept`, async () => {
      const config = await configured()
      const login = (host: string, password: string) =>
        cli(['login', '-u', 'ann', '--password-stdin', host], config.with({ input: `${password}\n` }))
      const good = await login(basic.host, 'secret')
      assert.deepEqual([good.exitCode, good.stdout], [0, 'Login Succeeded\n'])
      assert.match(good.stderr, /WARNING! Your credentials are stored unencrypted in '.*\/config\.json'/)
      const bad = await login(basic.host, 'wrong')
      assert.deepEqual(
        [bad.exitCode, bad.stderr],
        [
          1,
          `Error response from daemon: login attempt to ${basic.url}/v2/ failed with status: 401 Unauthorized\n`,
        ],
      )
      const token = await login(bearer.host, 'secret')
      assert.equal(token.exitCode, 0, token.stderr)
      const { auths } = await config.settings()
      assert.deepEqual(auths?.[basic.host], { auth: Buffer.from('ann:secret').toString('base64') })
      assert.deepEqual(auths?.[bearer.host], {
        auth: Buffer.from('ann:').toString('base64'),
        identitytoken: bearer.tokens?.identityTokens.get('ann'),
      })
      assert.equal((await stat(`${config.folder}/config.json`)).mode & 0o777, 0o600)

      const again = await cli(['login', basic.host], config.with({}))
      assert.equal(again.stdout, 'Login Succeeded\n')
      assert.match(again.stderr, /Authenticating with existing credentials... \[Username: ann\]/)
      const out = await cli(['logout', basic.host], config.with({}))
      assert.equal(out.stdout, `Removing login credentials for ${basic.host}\n`)
      assert.deepEqual(Object.keys((await config.settings()).auths ?? {}), [bearer.host])
      await daemon().gantry(['pull', 'hello-world'])
      await daemon().gantry(['tag', 'hello-world', `${basic.host}/hello`])
      const push = await cli(['push', `${basic.host}/hello:latest`], config.with({}))
      assert.deepEqual([push.exitCode, push.stderr], [1, 'no basic auth credentials\n'])
      const ask = await cli(['login', basic.host], config.with({}))
      assert.deepEqual(
        [ask.exitCode, ask.stderr],
        [1, 'Error: Cannot perform an interactive login from a non TTY device\n'],
      )

      await writeFile(`${config.folder}/config.json`, '{damaged')
      const warned = await cli(['images', '-q'], config.with({}))
      assert.equal(warned.exitCode, 0, warned.stderr)
      assert.match(warned.stderr, /^WARNING: Error parsing config file \(.*\/config\.json\): /)
    })

    test(`${command} keeps credentials with helpers: for all registries, for one, and gives them back`, async () => {
      const helper = 'docker-credential-kept'
      for (const settings of [{ credsStore: 'kept' }, { credHelpers: { [basic.host]: 'kept' } }]) {
        const config = await configured(settings)
        const kept = `${config.folder}/kept`
        const script = `#!/bin/sh\ncase $1 in store) cat > ${kept} ;; erase) rm ${kept} ;; list) echo '{}' ;; *) cat ${kept} 2>/dev/null || { echo credentials not found in native keychain; exit 1; } ;; esac\n`
        await writeFile(`${config.folder}/${helper}`, script, { mode: 0o755 })
        const env = { PATH: `${config.folder}:${process.env.PATH}` }
        const login = ['login', '-u', 'ann', '--password-stdin', basic.host]
        const good = await cli(login, config.with({ env, input: 'secret' }))
        assert.deepEqual([good.exitCode, good.stdout, good.stderr], [0, 'Login Succeeded\n', ''])
        const stored = JSON.parse(await readFile(kept, 'utf8'))
        assert.deepEqual(stored, { ServerURL: basic.host, Username: 'ann', Secret: 'secret' })
        assert.ok(!(await readFile(`${config.folder}/config.json`, 'utf8')).includes('auth"'))
        const pull = ['pull', `${basic.host}/nothing:1`]
        assert.match((await cli(pull, config.with({ env }))).stderr, /manifest unknown/)
        assert.equal((await cli(['logout', basic.host], config.with({ env }))).exitCode, 0)
        await assert.rejects(stat(kept), { code: 'ENOENT' })
        assert.match((await cli(pull, config.with({ env }))).stderr, /no basic auth credentials/)
      }
    })

    test(`${command} search shows what the registry's index has`, async () => {
      const results = [
        { name: 'many', description: 'x'.repeat(60), star_count: 9, is_official: true, is_automated: false },
        { name: 'few', description: 'a\nb', star_count: 1, is_official: false, is_automated: false },
      ]
      const index = createServer((_request, response) => response.end(JSON.stringify({ results })))
      index.listen(0, '127.0.0.1')
      await once(index, 'listening')
      const host = `127.0.0.1:${(index.address() as { port: number }).port}`
      const config = await configured()
      try {
        const table = await cli(['search', `${host}/app`], config.with({}))
        assert.equal(
          table.stdout,
          `NAME      DESCRIPTION                                     STARS     OFFICIAL\nmany      ${'x'.repeat(44)}…   9         [OK]\nfew       a b                                             1         \n`,
        )
        const filtered = await cli(
          ['search', '--filter', 'stars=5', '--format', '{{.Name}}', `${host}/app`],
          config.with({}),
        )
        assert.equal(filtered.stdout, 'many\n')
        const old = await cli(['search', '--filter', 'is-automated=false', `${host}/app`], config.with({}))
        assert.match(old.stderr, /^WARNING: the "is-automated" filter is deprecated, /)
        const wrong = await cli(['search', '--filter', 'bad=1', `${host}/app`], config.with({}))
        assert.equal(wrong.stderr, "Error response from daemon: Invalid filter 'bad'\n")
      } finally {
        index.closeAllConnections()
        index.close()
      }
      const none = await cli(['search', `${open.host}/app`], config.with({}))
      assert.equal(none.stderr, 'Error response from daemon: Unexpected status code 404\n')
    })
  }

  test('the distribution endpoint describes an image and a list, and says what is wrong', async () => {
    const digest = await pushImage(open, 'app', 'arm', { os: 'linux', architecture: 'arm64', variant: 'v8' })
    const found = await daemon().api('GET', `/distribution/${open.host}/app:arm/json`)
    assert.equal(found.status, 200)
    const { Descriptor, Platforms } = found.body as { Descriptor: { digest: string }; Platforms: object[] }
    assert.equal(Descriptor.digest, digest)
    assert.deepEqual(Platforms, [{ architecture: 'arm64', os: 'linux', variant: 'v8' }])
    for (const [name, status, message] of [
      [`${open.host}/app:none`, 404, 'manifest unknown: manifest unknown'],
      [`${basic.host}/app`, 401, `Get "${basic.url}/v2/app/manifests/latest": no basic auth credentials`],
      [
        '127.0.0.1:1/app',
        500,
        'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused',
      ],
      ['a'.repeat(64), 400, `unknown image reference format: ${'a'.repeat(64)}`],
    ] as const)
      assert.deepEqual(await daemon().api('GET', `/distribution/${name}/json`), { status, body: { message } })
    const wrong = await run('curl', [
      ...['-s', '--unix-socket', daemon().socket, '-H', 'X-Registry-Auth: nonsense'],
      `http://gantry/distribution/${open.host}/app:arm/json`,
    ])
    assert.match(wrong.stdout, /arm64/)
  })

  test('CVE-2024-3727: digests in the names of requests are digests, or 400', async () => {
    for (const name of ['x@sha256:..%2F..%2Fetc%2Fpasswd', 'x@sha256:abc', '..%2f..%2fv2%2fx'])
      assert.equal((await daemon().api('GET', `/distribution/${open.host}/${name}/json`)).status, 400, name)
  })

  test('the commands make the same manifest lists, and read one another’s', async () => {
    await pushImage(open, 'multi', 'amd64', { os: 'linux', architecture: 'amd64' })
    await pushImage(open, 'multi', 'arm', { os: 'linux', architecture: 'arm' })
    const list = `${open.host}/other/multi:all`
    const images = [`${open.host}/multi:amd64`, `${open.host}/multi:arm`]
    const pushed = []
    for (const command of ['gantry', 'docker'] as const) {
      const config = await configured()
      const cli = (...args: string[]) => daemon()[command](['manifest', ...args], config.with({}))
      const both = (...args: string[]) =>
        Promise.all([
          daemon().gantry(['manifest', ...args], config.with({})),
          daemon().docker(['manifest', ...args], config.with({})),
        ])
      assert.equal(
        (await cli('create', '--insecure', list, ...images)).stdout,
        `Created manifest list ${list}\n`,
      )
      const annotate = await cli(
        'annotate',
        '--variant',
        'v7',
        '--os-features',
        'neon',
        list,
        images[1] ?? '',
      )
      assert.equal(annotate.exitCode, 0, annotate.stderr)
      for (const args of [
        ['inspect', list],
        ['inspect', '-v', list],
        ['inspect', list, images[0] ?? ''],
      ]) {
        const [ours, theirs] = await both(...args)
        assert.deepEqual(ours, theirs)
      }
      const push = await cli('push', '--purge', '--insecure', list)
      assert.equal(push.exitCode, 0, push.stderr)
      pushed.push(push.stdout)
      for (const args of [
        ['inspect', '--insecure', list],
        ['inspect', '--insecure', '-v', list],
        ['rm', list],
        ['push', list],
        ['create', 'Bad@', 'x'],
        ['annotate', 'Bad@', 'x'],
        ['annotate', 'x', 'Bad@'],
      ]) {
        const [ours, theirs] = await both(...args)
        assert.deepEqual(ours, theirs)
      }
    }
    assert.equal(pushed[0], pushed[1])
    assert.match(pushed[0] ?? '', /^(Pushed ref .*\n){2}sha256:[0-9a-f]{64}\n$/)
    const described = await daemon().api('GET', `/distribution/${list}/json`)
    assert.deepEqual(
      (described.body as { Platforms: object[] }).Platforms.map(
        (each) => (each as { variant?: string }).variant,
      ),
      [undefined, 'v7'],
    )
  })

  test('CVE-2023-26054: secrets of a login are in no log, and proxies are shown without theirs', async () => {
    const password = 'very-unlikely-to-occur'
    const config = await configured()
    const input = { input: password }
    await daemon().gantry(['login', '-u', 'ann', '--password-stdin', basic.host], config.with(input))
    await daemon().gantry(['login', '-u', 'ann', '--password-stdin', bearer.host], config.with(input))
    await daemon().gantry(['login', '-u', 'ann', '--password-stdin', '127.0.0.1:1'], config.with(input))
    assert.ok(!daemon().log.includes(password))
    assert.ok(!daemon().log.includes(Buffer.from(`ann:${password}`).toString('base64')))
  })

  test('mirrors and proxies of daemon.json are read anew at a reload; what the daemon downloads goes through them', async (t) => {
    const dockerfile = Buffer.from('FROM scratch\nADD http://files.invalid/added /added\n')
    const archive = await tarOf([
      {
        header: entryHeader({ name: 'Dockerfile', type: 'file', size: dockerfile.length }),
        content: [dockerfile],
      },
    ])
    const asked: (string | undefined)[][] = []
    const proxy = createServer(({ url, headers }, answer) => {
      asked.push([url, headers['proxy-authorization']])
      answer.end(archive)
    })
    await once(proxy.listen(0, '127.0.0.1'), 'listening')
    t.after(() => proxy.close())
    const at = `127.0.0.1:${(proxy.address() as AddressInfo).port}`
    const settings = {
      'registry-mirrors': ['https://mirror.example'],
      mirrors: { 'elsewhere.invalid': ['http://127.0.0.1:5/none', open.url] },
      referrers: false,
      proxies: { 'http-proxy': `http://someone:hush@${at}`, 'no-proxy': '.example' },
    }
    const platform = { os: 'linux', architecture: process.arch === 'arm64' ? 'arm64' : 'amd64' }
    await pushImage(open, 'plain', 'latest', platform)
    const between = await startFaultProxy(open.url, [], t)
    const asksForReferrers = async () => {
      const from = between.requests.length
      const pulled = await daemon().gantry(['pull', '-q', `${between.host}/plain`])
      assert.equal(pulled.exitCode, 0, pulled.stderr)
      await daemon().gantry(['rmi', `${between.host}/plain`])
      return between.requests.slice(from).some(({ path }) => path.includes('/referrers/'))
    }
    assert.equal(await asksForReferrers(), true)
    await writeFile(`${daemon().root}/daemon.json`, JSON.stringify(settings))
    process.kill(daemon().pid, 'SIGHUP')
    const info = await until('the reload', async () => {
      const { body } = await daemon().api('GET', '/info')
      const found = body as { HttpProxy: string; NoProxy: string; RegistryConfig: { Mirrors: string[] } }
      return found.HttpProxy === '' ? null : found
    })
    assert.equal(info.HttpProxy, `http://xxxxx:xxxxx@${at}`)
    assert.equal(info.NoProxy, '.example')
    assert.equal(await asksForReferrers(), false)
    const mirrored = await daemon().docker(['pull', 'elsewhere.invalid/plain'])
    assert.match(mirrored.stdout, /Downloaded newer image for elsewhere\.invalid\/plain:latest\n/)
    assert.match(daemon().log, /passing over the mirror 127\.0\.0\.1:5 for plain: /)
    assert.deepEqual(info.RegistryConfig.Mirrors, ['https://mirror.example/'])
    const address = 'http://files.invalid/rootfs.tar'
    for (const cli of ['gantry', 'docker'] as const) {
      const { exitCode, stdout, stderr } = await daemon()[cli]([
        'import',
        '-m',
        'hello',
        address,
        `web:${cli}`,
      ])
      assert.equal(exitCode, 0, stderr)
      assert.match(stdout, /^Downloading from http:\/\/files.invalid\/rootfs.tar\nsha256:[0-9a-f]{64}\n$/)
    }
    const authorized = (url: string) => `${url},Basic ${btoa('someone:hush')}`
    assert.deepEqual(new Set(asked.map(String)), new Set([authorized(address)]))
    asked.length = 0
    const built = await daemon().gantry(['build', 'http://ann:hidden@files.invalid/context.tar'])
    assert.equal(built.exitCode, 0, built.stderr)
    const fetched = ['http://files.invalid/context.tar', 'http://files.invalid/added']
    assert.deepEqual(asked.map(String), fetched.map(authorized))
    const { stderr } = await daemon().gantry(['import', 'http://127.0.0.1:1/x'])
    const refused = 'Get "http://127.0.0.1:1/x": dial tcp 127.0.0.1:1: connect: connection refused'
    assert.equal(stderr.trim(), `Error response from daemon: ${refused}`)
  })
})
