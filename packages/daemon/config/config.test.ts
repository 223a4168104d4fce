import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { loadConfig, refusePlainTcp } from './config.ts'
import { parseFlags } from './flags.ts'
import { helpText } from './help.ts'

async function fileWith(t: TestContext, content: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-config-'))
  t.after(() => rm(directory, { recursive: true }))
  const path = join(directory, 'daemon.json')
  await writeFile(path, content)
  return path
}

/** Loads the configuration of a file and flags. */
async function load(t: TestContext, content: string, ...args: string[]) {
  const path = await fileWith(t, content)
  return { path, ...(await loadConfig(parseFlags([...args, '--config-file', path]))) }
}

test('flags are read as dockerd reads them', () => {
  const flags = parseFlags([
    ...['-H', 'unix:///a', '--host=tcp://b:1', '-D', '--icc=false', '--mtu', '1400', '-lwarn'],
    ...[
      '--add-runtime',
      'mine=/bin/x',
      '--default-address-pool',
      'base=10.0.0.0/16,size=24',
      '--log-opt=a=b=c',
    ],
    ...['--dns-option', 'ndots:1', '--dns-opt', 'rotate'],
  ])
  assert.deepEqual(flags, {
    hosts: ['unix:///a', 'tcp://b:1'],
    debug: true,
    icc: false,
    mtu: 1400,
    'log-level': 'warn',
    runtimes: { mine: { path: '/bin/x' } },
    'default-address-pools': [{ base: '10.0.0.0/16', size: 24 }],
    'log-opts': { a: 'b=c' },
    'dns-opts': ['ndots:1', 'rotate'],
  })
})

test('flags that make no sense are named', () => {
  for (const [args, message] of [
    [['--nosuch'], 'unknown flag: --nosuch'],
    [['-x'], "unknown shorthand flag: 'x' in -x"],
    [['extra'], '"gantryd" accepts no arguments, and got "extra"'],
    [['--mtu'], 'flag needs an argument: --mtu'],
    [['--mtu=x'], 'invalid argument "x" for "--mtu" flag: strconv.ParseInt: parsing "x": invalid syntax'],
    [
      ['--debug=maybe'],
      'invalid argument "maybe" for "--debug" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
    ],
    [
      ['--default-address-pool', '10.0.0.0/8'],
      'invalid argument "10.0.0.0/8" for "--default-address-pool" flag: expected base=<CIDR>,size=<prefix length>',
    ],
  ] as const)
    assert.throws(() => parseFlags(args), { message })
})

test('file and flags come together over the defaults', async (t) => {
  const { config, warnings } = await load(
    t,
    '{"labels": ["a=b"], "registry-mirrors": ["https://mirror.example"], "live-restore": true}',
    '--data-root=/d',
    '--exec-root=/e',
  )
  assert.equal(config.dataRoot, '/d')
  assert.equal(config.pidfile, '/e/gantryd.pid')
  assert.deepEqual(config.live.labels, ['a=b'])
  assert.deepEqual(config.live.registryMirrors, ['https://mirror.example/'])
  assert.equal(config.live.logLevel, 'info')
  assert.deepEqual(warnings, ['daemon.json: "live-restore" has no effect in Gantry'])
})

test('mirrors of any registry, proxies and limits come from the file and from flags', async (t) => {
  const file = {
    'registry-mirrors': ['https://hub.example'],
    mirrors: { 'docker.io': ['https://second.example'], 'ghcr.io': ['http://10.0.0.1:5000/ghcr'] },
    proxies: { 'http-proxy': 'http://proxy:3128', 'no-proxy': '.example' },
    'max-concurrent-downloads': 7,
  }
  const flags = [
    '--https-proxy=http://other:3128',
    '--registry-token-server',
    'reg=a',
    '--registry-token-server=reg=b',
  ]
  const { config } = await load(t, JSON.stringify(file), ...flags)
  assert.deepEqual(config.live.registries, {
    mirrors: {
      'docker.io': ['https://hub.example', 'https://second.example'],
      'ghcr.io': ['http://10.0.0.1:5000/ghcr'],
    },
    tokenServers: { reg: ['a', 'b'] },
    proxies: { http: 'http://proxy:3128', https: 'http://other:3128', no: '.example' },
    maxConcurrentDownloads: 7,
    maxConcurrentUploads: 5,
    maxDownloadAttempts: 5,
    referrers: true,
  })
  assert.throws(() => parseFlags(['--proxies=a=b']), { message: 'unknown flag: --proxies' })
  for (const [arg, message] of [
    ['--mirror=ghcr.io=nonsense', 'invalid mirror: "nonsense" is not a valid URI'],
    ['--mirror=ghcr.io=http://user@x', 'invalid mirror: username/password not allowed in URI'],
    ['--insecure-registry=ftp://x', "insecure registry ftp://x should not contain '://'"],
    ['--max-concurrent-uploads=-1', 'invalid max concurrent uploads: -1'],
    ['--max-download-attempts=0', 'invalid max download attempts: 0'],
  ] as const)
    await assert.rejects(load(t, '', arg), { message })
})

test('mistakes in the file are named as dockerd names them', async (t) => {
  const refuses = async (content: string, problem: string, ...args: string[]) => {
    const path = await fileWith(t, content)
    await assert.rejects(loadConfig(parseFlags([...args, '--config-file', path])), {
      message: `unable to configure the Gantry daemon with file ${path}: ${problem}`,
    })
  }
  await refuses(
    '{"nosuch": 1, "other": 2}',
    "the following directives don't match any configuration option: nosuch, other",
  )
  await refuses('{', 'unexpected EOF')
  await refuses(
    '{"debug": "yes"}',
    'invalid JSON: json: cannot unmarshal string into Go struct field debug of type bool',
  )
  await refuses(
    '{"authorization-plugins": ["x"]}',
    'the following directives are not available in this version of Gantry: authorization-plugins',
  )
  await refuses(
    '{"debug": true, "labels": ["a=b"]}',
    'the following directives are specified both as a flag and in the configuration file: debug: (from flag: false, from file: true), labels: (from flag: ["c=d"], from file: ["a=b"])',
    '--debug=false',
    '--label=c=d',
  )
})

test('values are checked', async (t) => {
  for (const [arg, message] of [
    ['--bip=nonsense', 'invalid CIDR address: nonsense'],
    ['--bip=10.0.0.1/40', 'invalid CIDR address: 10.0.0.1/40'],
    ['--dns=x', 'IP address is not correctly formatted: x'],
    ['--log-level=loud', 'invalid logging level: loud'],
    ['--label=a', 'bad attribute format: a'],
    ['--default-runtime=x', "specified default runtime 'x' does not exist"],
    ['--add-runtime=runc=/x', "runtime name 'runc' is reserved"],
    ['--host=ftp://x', 'invalid bind address format: ftp://x'],
    ['--host=unix://relative', 'invalid bind address format: unix://relative'],
    ['--host=tcp://x:99999', 'invalid bind address format: tcp://x:99999'],
    ['--registry-mirror=nonsense', 'invalid mirror: "nonsense" is not a valid URI'],
    ['--mtu=-1', 'invalid default MTU: -1'],
    ['--tls', 'TLS needs --tlscert and --tlskey'],
    ['--data-root=relative', 'data-root must be an absolute path: relative'],
  ] as const)
    await assert.rejects(load(t, '', arg), { message })
})

test('hosts are unix sockets, TCP addresses and sockets of systemd', async (t) => {
  const { config } = await load(
    t,
    '',
    '-H=unix:///a b',
    '-H=tcp://',
    '-H=tcp://[::1]:5',
    '-H=h:1',
    '-H=fd://',
  )
  assert.deepEqual(config.hosts, [
    { kind: 'unix', path: '/a b' },
    { kind: 'tcp', host: '127.0.0.1', port: 2375 },
    { kind: 'tcp', host: '::1', port: 5 },
    { kind: 'tcp', host: 'h', port: 1 },
    { kind: 'fd', name: '' },
  ])
})

test('TCP API: plain TCP is refused unless it is asked for', async (t) => {
  const host = '--host=tcp://127.0.0.1:2375'
  const refused = (await load(t, '', host)).config
  assert.throws(() => refusePlainTcp(refused), /refusing to listen on tcp:\/\/127.0.0.1:2375 without TLS/)
  refusePlainTcp((await load(t, '', host, '--tls=false')).config)
  refusePlainTcp((await load(t, '{"tlsverify": false}', host)).config)
  refusePlainTcp((await load(t, '', host, '--tls', '--tlscert=/c', '--tlskey=/k')).config)
  refusePlainTcp((await load(t, '', '-H=unix:///x')).config)
})

test('every option is in the help', () => {
  for (const flag of ['--add-runtime', '--host', '--default-address-pool', '--tlsverify', '--validate'])
    assert.match(helpText(), new RegExp(`${flag}\\b`))
})

test('what containers may use when they say nothing', async (t) => {
  const content = {
    'default-shm-size': '128M',
    'default-ulimits': { nofile: { Name: 'nofile', Soft: 1024, Hard: 2048 } },
    'exec-opts': ['native.cgroupdriver=cgroupfs'],
    'cpu-rt-runtime': 95_000,
    'oom-score-adjust': -500,
    'max-build-context': '2g',
    'storage-opts': ['overlay2.override_kernel_check=true', 'overlay2.size=10G'],
  }
  const { config } = await load(t, JSON.stringify(content))
  assert.deepEqual(config.resources, {
    shmSize: 2 ** 27,
    ulimits: [{ Name: 'nofile', Soft: 1024, Hard: 2048 }],
    cpuRealtimePeriod: undefined,
    cpuRealtimeRuntime: 95_000,
    buildContext: 2 * 2 ** 30,
    storageSize: 10 * 2 ** 30,
    oomScoreAdjust: -500,
  })
  const flags = ['--default-ulimit', 'nofile=5', '--default-ulimit=core=-1:-1', '--default-shm-size=1g']
  const { resources } = (await load(t, '{}', ...flags)).config
  assert.equal(resources.shmSize, 2 ** 30)
  assert.equal(resources.buildContext, 8 * 2 ** 30)
  const unlimited = (await load(t, '{}', '--max-build-context', '0')).config
  assert.equal(unlimited.resources.buildContext, Number.POSITIVE_INFINITY)
  assert.deepEqual(resources.ulimits, [
    { Name: 'nofile', Soft: 5, Hard: 5 },
    { Name: 'core', Soft: -1, Hard: -1 },
  ])
})

test('limits of the daemon that cannot be', async (t) => {
  const cases: [Record<string, unknown>, RegExp][] = [
    [{ 'default-shm-size': 'x' }, /invalid size: 'x'/],
    [{ 'max-build-context': 'x' }, /invalid size: 'x'/],
    [{ 'storage-opts': ['overlay2.size=xx'] }, /invalid size: 'xx'/],
    [{ 'storage-opts': ['overlay2.foo=1'] }, /overlay2: unknown option overlay2.foo/],
    [{ 'storage-opts': ['foo=1'] }, /overlay2: unknown option foo/],
    [{ 'storage-opts': ['bar'] }, /Unable to parse key\/value option: bar/],
    [{ 'default-ulimits': { bogus: { Name: 'bogus', Soft: 1, Hard: 2 } } }, /invalid ulimit type: bogus/],
    [{ 'default-ulimits': { core: { Name: 'core', Soft: 3, Hard: 2 } } }, /soft limit must be less than/],
    [{ 'exec-opts': ['native.cgroupdriver=systemd'] }, /native.cgroupdriver systemd is not available/],
    [{ 'exec-opts': ['native.cgroupdriver=x'] }, /native.cgroupdriver option x not supported/],
    [{ 'oom-score-adjust': 2000 }, /range for oom score adj/],
  ]
  for (const [content, message] of cases) {
    await assert.rejects(load(t, JSON.stringify(content)), message)
  }
})
