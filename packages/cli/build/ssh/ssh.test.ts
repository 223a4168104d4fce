import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { promisify } from 'node:util'
import { parseAgents } from './agents.ts'
import { parseOpenSshKey } from './openssh-key.ts'
import { parsePrivateKey, SignFlag } from './private-key.ts'
import { SshReader } from './wire.ts'

const run = promisify(execFile)
const hasSsh = await run('ssh-keygen', ['-?']).then(
  () => true,
  (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
)

suite('keys of --ssh', { skip: hasSsh ? false : 'no ssh-keygen' }, () => {
  const kinds = [
    ['ed25519', []],
    ['rsa', ['-b', '1024']],
    ['ecdsa', ['-b', '256']],
    ['ecdsa', ['-b', '384']],
    ['ecdsa', ['-b', '521']],
  ] as const

  async function scratch(t: { after(hook: () => Promise<void>): void }): Promise<string> {
    const directory = await mkdtemp('/tmp/gantry-ssh-')
    t.after(() => rm(directory, { recursive: true }))
    return directory
  }
  const generate = (path: string, kind: string, ...options: string[]): Promise<unknown> =>
    run('ssh-keygen', ['-q', '-t', kind, '-N', '', '-C', '', ...options, '-f', path])

  test('OpenSSH lists every kind of key, and verifies what they sign', { timeout: 240_000 }, async (t) => {
    const directory = await scratch(t)
    const files: string[] = []
    for (const [kind, options] of kinds) {
      const file = join(directory, `${kind}${options.join('')}`)
      await generate(file, kind, ...options)
      files.push(file)
    }
    for (const [kind, format] of [
      ['rsa', 'PEM'],
      ['rsa', 'PKCS8'],
      ['ecdsa', 'PEM'],
    ] as const) {
      const file = join(directory, `${kind}-${format}`)
      await generate(file, kind, ...(kind === 'rsa' ? ['-b', '1024'] : []), '-m', format)
      files.push(file)
    }
    const agents = await parseAgents([`default=${files.join(',')}`], {})
    const server = createServer((socket) => {
      const agent = agents.get('default')?.()
      assert.ok(agent)
      socket.on('error', () => agent.destroy())
      agent.on('error', () => socket.destroy())
      socket.pipe(agent).pipe(socket)
    })
    const path = join(directory, 'agent')
    await once(server.listen(path), 'listening')
    t.after(async () => void server.close())
    const env = { ...process.env, SSH_AUTH_SOCK: path }
    const { stdout } = await run('ssh-add', ['-L'], { env, timeout: 60_000 })
    const listed = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' ').slice(0, 2).join(' '))
    const wanted = await Promise.all(
      files.map(async (file) =>
        (await readFile(`${file}.pub`, 'utf8')).split(' ').slice(0, 2).join(' ').trim(),
      ),
    )
    assert.deepEqual(listed, wanted)
    // Signs by each, with every hash that there is, and verifies.
    for (const file of files) await run('ssh-add', ['-T', `${file}.pub`], { env, timeout: 60_000 })
  })

  test('keys with a passphrase, other kinds and nonsense are refused in words that help', async (t) => {
    const directory = await scratch(t)
    const refused = async (name: string, message: RegExp): Promise<void> =>
      assert.rejects(parseAgents([`default=${join(directory, name)}`], {}), { message })
    for (const format of ['RFC4716', 'PEM', 'PKCS8']) {
      await generate(join(directory, format), 'rsa', '-b', '1024', '-m', format, '-a', '1', '-N', 'secret')
      await refused(
        format,
        /^failed to parse .*: this private key is passphrase protected: give it to an agent/,
      )
    }
    await writeFile(join(directory, 'text'), 'nothing')
    await refused('text', /^failed to parse .*text: ssh: no key found$/)
    await writeFile(join(directory, 'long'), 'x'.repeat(200_000))
    await refused('long', /too long/)
    await refused('none', /^failed to parse ssh agent: stat .*none: no such file or directory$/)
    const { privateKey } = generateKeyPairSync('x25519')
    await writeFile(join(directory, 'x25519'), privateKey.export({ type: 'pkcs8', format: 'pem' }))
    await refused('x25519', /unsupported key type "x25519"/)
  })

  test('damaged keys are refused, never taken', async (t) => {
    const directory = await scratch(t)
    const file = join(directory, 'key')
    await generate(file, 'ed25519')
    const [, body = ''] = /KEY-----([^-]*)-----END/.exec(await readFile(file, 'utf8')) ?? []
    const bytes = Buffer.from(body, 'base64')
    const pem = (content: Buffer): string =>
      `-----BEGIN OPENSSH PRIVATE KEY-----\n${content.toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`
    for (let length = 0; length < bytes.length - 16; length += 7)
      assert.throws(() => parseOpenSshKey(pem(bytes.subarray(0, length))), Error)
    for (let at = 0; at < 90; at++) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 0xff
      try {
        parseOpenSshKey(pem(changed)) // a change of the public half is none of the private one
      } catch (error) {
        assert.ok(error instanceof Error)
      }
    }
  })
})

test('what is wrong with --ssh is told', async () => {
  await assert.rejects(parseAgents(['default'], {}), { message: /invalid empty ssh agent socket/ })
  await assert.rejects(parseAgents(['a=/dev/null', 'a=/dev/null'], {}), { message: /failed to parse/ })
})

test('an RSA key signs with the hash that is asked for', () => {
  const pair = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const key = parsePrivateKey(pair.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString())
  const data = Buffer.from('text')
  for (const [flags, name, hash] of [
    [0, 'ssh-rsa', 'sha1'],
    [SignFlag.rsaSha256, 'rsa-sha2-256', 'sha256'],
    [SignFlag.rsaSha512, 'rsa-sha2-512', 'sha512'],
  ] as const) {
    const signature = new SshReader(key.sign(data, flags))
    assert.equal(signature.text(), name)
    assert.ok(verify(hash, data, createPublicKey(pair.privateKey), signature.string()))
  }
})
