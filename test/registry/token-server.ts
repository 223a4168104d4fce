/** A server of bearer tokens as registries with `token` authentication expect it: GET and OAuth 2's POST. */
import { createHash, createSign, randomBytes, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAuthority, readPair } from './authority.ts'

export interface TokenServerOptions {
  /** User name to password. */
  users: Record<string, string>
  /** What somebody without credentials may do with a repository; by default nothing. */
  anonymousActions?: readonly string[]
  /** Seconds that a token is good for. */
  lifetime?: number
  /** Where it listens; by default 127.0.0.1. */
  address?: string
}

/** One request, as the server saw it. */
export interface TokenRequest {
  method: string
  scopes: string[]
  service: string
  /** Of the Authorization header or the form; null when anonymous. */
  user: string | null
  grant: string | null
}

export interface TokenServer {
  readonly realm: string
  readonly service: string
  readonly issuer: string
  /** The certificate that registries trust for tokens. */
  readonly certificate: string
  readonly requests: TokenRequest[]
  /** Identity tokens by user, given out for `offline_token` and POST with a password. */
  readonly identityTokens: Map<string, string>
  stop(): Promise<void>
}

/** Starts a token server that signs with a key of its own, kept in `directory`. */
export async function startTokenServer(directory: string, options: TokenServerOptions): Promise<TokenServer> {
  const authority = await createAuthority(directory, 'tokens')
  const signer = await readPair(authority)
  const requests: TokenRequest[] = []
  const identityTokens = new Map<string, string>()
  const service = 'gantry-test-registry'
  const issuer = 'gantry-test-tokens'
  const server: Server = createServer((request, response) => {
    answer(request).then(
      ({ status, body }) =>
        response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body)),
      (error) => response.writeHead(500).end(String(error)),
    )
  })
  server.listen(0, options.address ?? '127.0.0.1')
  await once(server, 'listening')
  const { address, port } = server.address() as AddressInfo

  async function answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    const asked = await readRequest(request)
    const user = userOf(asked)
    requests.push({
      method: request.method ?? '',
      scopes: asked.scopes,
      service: asked.service,
      user: user ?? null,
      grant: asked.grant,
    })
    if (user === undefined)
      return {
        status: 401,
        body: { errors: [{ code: 'UNAUTHORIZED', message: 'incorrect username or password' }] },
      }
    const allowed = user === null ? (options.anonymousActions ?? []) : ['pull', 'push', 'delete', '*']
    const access = asked.scopes.flatMap((scope) => grantOf(scope, allowed))
    const lifetime = options.lifetime ?? 300
    const now = Math.floor(Date.now() / 1000)
    const token = sign(signer, {
      iss: issuer,
      sub: user ?? '',
      aud: asked.service,
      exp: now + lifetime,
      nbf: now - 10,
      iat: now,
      jti: randomBytes(8).toString('hex'),
      access,
    })
    const body: Record<string, unknown> = {
      token,
      access_token: token,
      expires_in: lifetime,
      issued_at: new Date(now * 1000),
    }
    if (user !== null && asked.wantsIdentity) body.refresh_token = identityTokenOf(user)
    return { status: 200, body }
  }

  /** Undefined for wrong credentials, null for none. */
  function userOf(asked: Asked): string | null | undefined {
    if (asked.refreshToken !== null)
      return [...identityTokens].find(([, token]) => token === asked.refreshToken)?.[0]
    if (asked.user === null) return null
    return options.users[asked.user] === asked.password ? asked.user : undefined
  }

  function identityTokenOf(user: string): string {
    const known = identityTokens.get(user) ?? `identity-${createHash('sha256').update(user).digest('hex')}`
    identityTokens.set(user, known)
    return known
  }

  return {
    realm: `http://${address}:${port}/token`,
    service,
    issuer,
    certificate: authority.certificate,
    requests,
    identityTokens,
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

interface Asked {
  user: string | null
  password: string
  refreshToken: string | null
  scopes: string[]
  service: string
  grant: string | null
  wantsIdentity: boolean
}

async function readRequest(request: IncomingMessage): Promise<Asked> {
  const { searchParams } = new URL(request.url ?? '/', 'http://tokens')
  if (request.method === 'POST') {
    const form = new URLSearchParams((await request.setEncoding('utf8').toArray()).join(''))
    return {
      user: form.get('username'),
      password: form.get('password') ?? '',
      refreshToken: form.get('refresh_token'),
      scopes: (form.get('scope') ?? '').split(' ').filter((scope) => scope !== ''),
      service: form.get('service') ?? '',
      grant: form.get('grant_type'),
      wantsIdentity: form.get('access_type') === 'offline',
    }
  }
  const basic = /^Basic (.+)$/.exec(request.headers.authorization ?? '')?.[1]
  const [user, ...password] = basic === undefined ? [] : Buffer.from(basic, 'base64').toString().split(':')
  return {
    user: user ?? null,
    password: password.join(':'),
    refreshToken: null,
    scopes: searchParams.getAll('scope'),
    service: searchParams.get('service') ?? '',
    grant: null,
    wantsIdentity: searchParams.get('offline_token') === 'true',
  }
}

/** `repository:name:pull,push` with what is allowed of it. */
function grantOf(
  scope: string,
  allowed: readonly string[],
): { type: string; name: string; actions: string[] }[] {
  const parts = /^([^:]+):(.+):([^:]*)$/.exec(scope)
  if (!parts) return []
  const actions = (parts[3] ?? '').split(',').filter((action) => allowed.includes(action))
  return [{ type: parts[1] ?? '', name: parts[2] ?? '', actions }]
}

function sign({ cert, key }: { cert: Buffer; key: Buffer }, claims: object): string {
  const chain = [new X509Certificate(cert).raw.toString('base64')]
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part({ typ: 'JWT', alg: 'ES256', x5c: chain })}.${part(claims)}`
  const signature = createSign('sha256').update(text).sign({ key, dsaEncoding: 'ieee-p1363' })
  return `${text}.${signature.toString('base64url')}`
}
