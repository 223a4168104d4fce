/** Servers of git repositories on loopback (`git http-backend`, `git daemon`), and repositories to be served. */
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { pipeline, type Readable, type Writable } from 'node:stream'
import { promisify } from 'node:util'

const run = promisify(execFile)

const identity = {
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@example.com',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@example.com',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
}

/** Runs git in a directory, as whoever makes repositories for tests. */
export async function gitIn(directory: string, ...args: string[]): Promise<string> {
  const { stdout } = await run('git', args, { cwd: directory, env: { ...process.env, ...identity } })
  return stdout.trim()
}

/** Makes a repository of a directory: one commit, on `main`, of all that is in it. Resolves to that commit. */
export async function repositoryOf(directory: string): Promise<string> {
  await gitIn(directory, 'init', '-q', '-b', 'main')
  await gitIn(directory, 'add', '.')
  await gitIn(directory, 'commit', '-qm', '1')
  return await gitIn(directory, 'rev-parse', 'HEAD')
}

export interface GitServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`; a repository in `root/a/.git` is at `/a/.git`. */
  url: string
  /** Authorization headers that came, newest last. */
  authorizations: string[]
}

/** Serves the repositories below `root`. `hang`: answers nothing. */
export async function serveGit(root: string, { hang = false } = {}): Promise<GitServer> {
  const authorizations: string[] = []
  const server = createServer((request, response) => {
    if (request.headers.authorization) authorizations.push(request.headers.authorization)
    if (!hang) backend(root, request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    authorizations,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** The common gateway interface, as far as git needs it. */
function backend(root: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? '/', 'http://host')
  const child = spawn('git', ['http-backend'], {
    env: {
      ...process.env,
      ...identity,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      ...(request.headers['content-encoding'] === 'gzip' && { HTTP_CONTENT_ENCODING: 'gzip' }),
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  request.pipe(child.stdin)
  let head = Buffer.alloc(0)
  child.stdout.on('data', (chunk: Buffer) => {
    if (response.headersSent) {
      response.write(chunk)
      return
    }
    head = Buffer.concat([head, chunk])
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    let status = 200
    for (const line of head.toString('latin1', 0, end).split('\r\n')) {
      const [name = '', value = ''] = line.split(': ', 2)
      if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10)
      else response.setHeader(name, value)
    }
    response.writeHead(status)
    response.write(head.subarray(end + 4))
  })
  child.stdout.on('end', () => response.end())
}

/** Where `scripts/setup --dev` puts one, with a library of its own. */
const unpackedSshd = new URL('../../../../node_modules/.cache/sshd', import.meta.url).pathname

/**
 * Lets whoever has the key log in as root at `ssh://root@127.0.0.1:PORT`, over a real server of OpenSSH, one process for each
 * connection. Its files are in `directory`; `key` is a public key. Null where there is no `sshd`.
 */
export async function serveSsh(
  directory: string,
  key: string,
): Promise<(AsyncDisposable & { url: string }) | null> {
  const places = [process.env.SSHD ?? '', '/usr/sbin/sshd', `${unpackedSshd}/usr/sbin/sshd`].filter(Boolean)
  const found = await Promise.all(
    places.map((place) =>
      access(place).then(
        () => place,
        () => null,
      ),
    ),
  )
  const program = found.find((place) => place !== null)
  if (!program) return null
  const [host, keys, config, users] = ['host', 'keys', 'config', 'users'].map((name) => join(directory, name))
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', String(host)])
  await writeFile(String(keys), key, { mode: 0o600 })
  const settings = {
    HostKey: host,
    AuthorizedKeysFile: keys,
    PermitRootLogin: 'prohibit-password',
    PasswordAuthentication: 'no',
    StrictModes: 'no',
    UsePAM: 'no',
    PidFile: 'none',
    PrintMotd: 'no',
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name} ${value}\n`)
  await writeFile(String(config), lines.join(''))
  // It wants a user of its own and a directory: in a mount namespace, so that this machine stays as it is. Root's shell
  // reads none of this machine's files there.
  const names = ['root:x:0:0::/nonexistent:/bin/sh', 'sshd:x:65533:65534::/run/sshd:/bin/false']
  await writeFile(String(users), `${names.join('\n')}\n`)
  const script = 'mount -t tmpfs none /run && mkdir /run/sshd && mount --bind "$0" /etc/passwd && exec "$@"'
  const server = await onEachConnection(() =>
    spawn(
      'unshare',
      [
        '-m',
        '--propagation',
        'private',
        'sh',
        '-c',
        script,
        String(users),
        program,
        '-i',
        '-e',
        '-f',
        String(config),
      ],
      {
        env: { ...process.env, LD_LIBRARY_PATH: `${unpackedSshd}/lib` },
        stdio: ['pipe', 'pipe', 'ignore'],
      },
    ),
  )
  return { ...server, url: `ssh://root@127.0.0.1:${server.port}` }
}

/** Serves the repositories below `root` at `git://127.0.0.1:PORT`; null where `git daemon` is not installed. */
export async function serveGitProtocol(root: string): Promise<(AsyncDisposable & { url: string }) | null> {
  const programs = await gitIn(root, '--exec-path')
  const isThere = await access(join(programs, 'git-daemon')).then(
    () => true,
    () => false,
  )
  if (!isThere) return null
  const server = await onEachConnection(() =>
    spawn('git', ['daemon', '--inetd', '--export-all', `--base-path=${root}`], {
      env: { ...process.env, ...identity },
      stdio: ['pipe', 'pipe', 'inherit'],
    }),
  )
  return { ...server, url: `git://127.0.0.1:${server.port}` }
}

/** One process for each connection, as inetd starts it: the port is never free for somebody else. */
async function onEachConnection(
  start: () => ChildProcessByStdio<Writable, Readable, null>,
): Promise<AsyncDisposable & { port: number }> {
  const open = new Set<Socket>()
  const server = createTcpServer((socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    const child = start()
    socket.once('close', () => child.kill())
    pipeline(socket, child.stdin, () => undefined)
    pipeline(child.stdout, socket, () => undefined)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close()
      for (const socket of open) socket.destroy()
    },
  }
}
