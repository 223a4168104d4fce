/** Servers of git repositories on loopback (`git http-backend`, `git daemon`), and repositories to be served. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream'
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

/** Serves the repositories below `root` at `git://127.0.0.1:PORT`; null where `git daemon` is not installed. */
export async function serveGitProtocol(root: string): Promise<(AsyncDisposable & { url: string }) | null> {
  const programs = await gitIn(root, '--exec-path')
  const isThere = await access(join(programs, 'git-daemon')).then(
    () => true,
    () => false,
  )
  if (!isThere) return null
  const open = new Set<Socket>()
  // One process for each connection, as inetd starts it: the port is never free for somebody else.
  const server = createTcpServer((socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    const child = spawn('git', ['daemon', '--inetd', '--export-all', `--base-path=${root}`], {
      env: { ...process.env, ...identity },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    socket.once('close', () => child.kill())
    pipeline(socket, child.stdin, () => undefined)
    pipeline(child.stdout, socket, () => undefined)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `git://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.close()
      for (const socket of open) socket.destroy()
    },
  }
}
