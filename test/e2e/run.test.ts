/** `run` through both commands: what reaches the terminal, the exit code, and what is left afterwards. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { type CommandOptions, type CommandResult, suiteDaemon, until } from './harness.ts'
import { atOnce } from './recording.ts'

type Command = (args: readonly string[], options?: CommandOptions) => Promise<CommandResult>

interface Case {
  name: string
  args: string[]
  input?: string
  stdout?: string | RegExp
  stderr?: string | RegExp
  exitCode?: number
}

const cases: Case[] = [
  { name: 'prints what the container prints', args: ['busybox', 'echo', 'hello'], stdout: 'hello\n' },
  {
    name: 'keeps stdout and stderr apart and passes the exit code on',
    args: ['busybox', 'sh', '-c', 'echo out; echo err >&2; exit 3'],
    stdout: 'out\n',
    stderr: 'err\n',
    exitCode: 3,
  },
  {
    name: 'runs the image command by default',
    args: ['-i', 'busybox'],
    input: 'echo from sh',
    stdout: 'from sh\n',
  },
  { name: 'passes stdin with -i', args: ['-i', 'busybox', 'cat'], input: 'a\nb', stdout: 'a\nb' },
  { name: 'gives no stdin without -i', args: ['busybox', 'cat'], input: 'a', stdout: '' },
  { name: 'ends by signal as 128+n', args: ['--init', 'busybox', 'sh', '-c', 'kill -9 $$'], exitCode: 137 },
  {
    name: 'reports a command that is not there as 127',
    args: ['busybox', 'nosuchcmd'],
    stderr: /exec: "nosuchcmd": executable file not found in \$PATH/,
    exitCode: 127,
  },
  {
    name: 'reports a command that cannot be executed as 126',
    args: ['busybox', '/etc/passwd'],
    stderr: /permission denied/,
    exitCode: 126,
  },
  {
    name: 'sets environment variables',
    args: ['-e', 'A=1', '-e', 'B=two words', 'busybox', 'sh', '-c', 'echo $A,$B'],
    stdout: '1,two words\n',
  },
  { name: 'sets the working directory', args: ['-w', '/tmp/new', 'busybox', 'pwd'], stdout: '/tmp/new\n' },
  {
    name: 'sets user and group by name',
    args: ['-u', 'daemon:users', 'busybox', 'id'],
    stdout: 'uid=1(daemon) gid=100(users) groups=100(users)\n',
  },
  {
    name: 'sets user and group by number',
    args: ['-u', '1234:5678', 'busybox', 'sh', '-c', 'id -u; id -g'],
    stdout: '1234\n5678\n',
  },
  { name: 'replaces the entrypoint', args: ['--entrypoint', '/bin/echo', 'busybox', 'x'], stdout: 'x\n' },
  {
    name: 'sets the host name',
    args: ['--hostname', 'box', 'busybox', 'sh', '-c', 'hostname; cat /etc/hostname'],
    stdout: 'box\nbox\n',
  },
  {
    name: 'makes the root file system read-only',
    args: ['--read-only', 'busybox', 'touch', '/x'],
    stderr: /Read-only file system/,
    exitCode: 1,
  },
  {
    name: 'mounts tmpfs with options',
    args: ['--tmpfs', '/scratch:size=1m', 'busybox', 'sh', '-c', 'grep /scratch /proc/mounts'],
    stdout: /^tmpfs \/scratch tmpfs rw,nosuid,nodev,noexec,relatime,size=1024k/,
  },
  {
    name: 'limits processes',
    args: [
      '--pids-limit',
      '7',
      'busybox',
      'sh',
      '-c',
      'cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null',
    ],
    stdout: /^7$/m,
    exitCode: undefined,
  },
  {
    name: 'drops capabilities',
    args: ['--cap-drop', 'ALL', 'busybox', 'grep', 'CapEff', '/proc/self/status'],
    stdout: 'CapEff:\t0000000000000000\n',
  },
  {
    name: 'has the default capabilities, none inheritable',
    args: ['busybox', 'grep', '-E', 'CapEff|CapInh', '/proc/self/status'],
    stdout: 'CapInh:\t0000000000000000\nCapEff:\t00000000a80425fb\n',
  },
  {
    name: 'adds capabilities',
    args: ['--cap-drop', 'all', '--cap-add', 'net_admin', 'busybox', 'grep', 'CapEff', '/proc/self/status'],
    stdout: 'CapEff:\t0000000000001000\n',
  },
  {
    name: 'runs privileged',
    args: [
      '--privileged',
      'busybox',
      'sh',
      '-c',
      'mount -t tmpfs x /mnt 2>&1 || mkdir /mnt && mount -t tmpfs x /mnt && echo ok',
    ],
    stdout: /ok/,
  },
  {
    name: 'runs under an init',
    args: ['--init', 'busybox', 'sh', '-c', 'cat /proc/1/comm'],
    stdout: /init|tini|catatonit/,
  },
  {
    name: 'hides the network with none',
    args: ['--network', 'none', 'busybox', 'ls', '/sys/class/net'],
    stdout: /^lo$/m,
  },
  {
    name: 'gives the terminal size and colours only with -t',
    args: ['busybox', 'sh', '-c', 'tty; echo $TERM'],
    stdout: 'not a tty\n\n',
    exitCode: 0,
  },
  {
    name: 'leaves no file descriptors but the standard ones',
    args: ['busybox', 'sh', '-c', 'ls /proc/self/fd | tr "\\n" " "'],
    stdout: '0 1 2 3 \n'.replace('\n', ''),
  },
  {
    name: 'refuses an unknown image',
    args: ['--pull', 'never', 'nosuchimage'],
    stderr: /No such image: nosuchimage:latest/,
    exitCode: 125,
  },
  {
    name: 'refuses an unknown flag',
    args: ['--nosuchflag', 'busybox'],
    stderr: /unknown flag: --nosuchflag/,
    exitCode: 125,
  },
  {
    name: 'refuses a malformed port',
    args: ['-p', 'x:80', 'busybox'],
    stderr: /invalid hostPort: x|Invalid hostPort: x/,
    exitCode: 125,
  },
  {
    name: 'refuses a malformed memory size',
    args: ['-m', '12q', 'busybox'],
    stderr: /invalid argument "12q" for "-m, --memory" flag: invalid s(ize|uffix): '(12)?q'/,
    exitCode: 125,
  },
  {
    name: 'refuses too little memory',
    args: ['-m', '1m', 'busybox'],
    stderr: /Minimum memory limit allowed is 6MB/i,
    exitCode: 125,
  },
  {
    name: 'refuses a mount whose source is missing',
    args: ['--mount', 'type=bind,source=/nosuchdir,target=/x', 'busybox'],
    stderr: /invalid mount config for type "bind": bind source path does not exist: \/nosuchdir/,
    exitCode: 125,
  },
  {
    name: 'refuses a missing env file',
    args: ['--env-file', '/nosuchfile', 'busybox'],
    stderr: /open \/nosuchfile: no such file or directory/,
    exitCode: 125,
  },
  {
    name: 'refuses a malformed reference',
    args: ['Busybox', 'true'],
    stderr: /invalid reference format: repository name .* must be lowercase/,
    exitCode: 125,
  },
]

function matches(actual: string, expected: string | RegExp, what: string, result: CommandResult): void {
  const shown = `${what} of ${JSON.stringify(result)}`
  if (typeof expected === 'string') assert.equal(actual, expected, shown)
  else assert.match(actual, expected, shown)
}

for (const name of ['gantry', 'docker'] as const) {
  suite(`${name} run`, { concurrency: atOnce(2) }, () => {
    const daemon = suiteDaemon()
    const command: Command = (args, options) => daemon()[name](args, options)
    for (const item of cases) {
      test(item.name, async () => {
        const result = await command(['run', '--rm', ...item.args], { input: item.input })
        if (item.stdout !== undefined) matches(result.stdout, item.stdout, 'stdout', result)
        if (item.stderr !== undefined) matches(result.stderr, item.stderr, 'stderr', result)
        if (!('exitCode' in item) || item.exitCode !== undefined)
          assert.equal(result.exitCode, item.exitCode ?? 0, JSON.stringify(result))
      })
    }

    test('detached prints the id, and the container goes on', async () => {
      const started = await command(['run', '-d', '--name', 'detached', 'busybox', 'sleep', '600'])
      assert.match(started.stdout, /^[0-9a-f]{64}\n$/)
      const state = await command([
        'inspect',
        '-f',
        '{{.State.Status}} {{.State.Running}} {{.Config.Cmd}}',
        'detached',
      ])
      assert.equal(state.stdout, 'running true [sleep 600]\n')
      assert.equal((await command(['rm', '-f', 'detached'])).stdout, 'detached\n')
    })

    test('refuses a name in use, with the id of its owner', async () => {
      const first = await command(['create', '--name', 'taken', 'busybox'])
      const second = await command(['run', '--name', 'taken', 'busybox'])
      assert.equal(second.exitCode, 125)
      assert.ok(
        second.stderr.includes(
          `The container name "/taken" is already in use by container "${first.stdout.trim()}"`,
        ),
      )
    })

    test('reads environment files and writes the container id file', async (t) => {
      const directory = await mkdtemp('/tmp/gantry-e2e-run-')
      t.after(() => rm(directory, { recursive: true }))
      await writeFile(`${directory}/env`, '# comment\nA=from file\nEMPTY=\nHOME\n')
      const result = await command([
        'run',
        '--rm',
        '--cidfile',
        `${directory}/cid`,
        '--env-file',
        `${directory}/env`,
        'busybox',
        'env',
      ])
      assert.match(result.stdout, /^A=from file$/m)
      assert.match(result.stdout, /^EMPTY=$/m)
      assert.match(await readFile(`${directory}/cid`, 'utf8'), /^[0-9a-f]{64}$/)
    })

    test('stdin of many megabytes arrives whole', async () => {
      const input = Buffer.alloc(20 << 20, 'x').toString()
      const result = await command(['run', '--rm', '-i', 'busybox', 'wc', '-c'], { input })
      assert.equal(result.stdout.trim(), String(20 << 20))
    })

    test('output of many megabytes arrives whole', async () => {
      const result = await command([
        'run',
        '--rm',
        'busybox',
        'sh',
        '-c',
        'dd if=/dev/zero bs=1M count=50 2>/dev/null | tr "\\0" x',
      ])
      assert.equal(result.stdout.length, 50 << 20)
    })

    test('leaves no container behind', async () => {
      await until('only the one without --rm', async () => {
        const { stdout } = await command(['ps', '-a', '--format', '{{.Names}} {{.Status}}'])
        return stdout === 'taken Created\n'
      })
    })
  })
}
