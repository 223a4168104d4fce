import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type ConfigFile, readConfigFile } from '../config-file.ts'
import { credentialStore, registryAuth, registryConfig } from './credentials.ts'
import { hostOf, serverOfImage } from './server-address.ts'

function configOf(t: TestContext, settings: object): ConfigFile {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-credentials-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'config.json'), JSON.stringify(settings))
  return readConfigFile(folder)
}

/** Puts a helper on the PATH that keeps its secrets in a folder, one file a server, and logs its calls. */
function helper(t: TestContext, name: string): { calls: () => string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-helper-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const script = join(folder, `docker-credential-${name}`)
  writeFileSync(
    script,
    `#!/bin/sh
[ ${name} = talks ] && echo 'unlock the ring' >&2
input=$(cat)
echo "$1 $input" >> ${folder}/calls
key() { printf %s "$1" | tr -c 'a-z0-9' _; }
case $1 in
  get) cat "${folder}/$(key "$input").secret" 2>/dev/null || { echo 'credentials not found in native keychain'; exit 1; } ;;
  store) server=$(printf %s "$input" | sed 's/.*"ServerURL":"\\([^"]*\\)".*/\\1/'); printf %s "$input" > "${folder}/$(key "$server").secret" ;;
  erase) rm -f "${folder}/$(key "$input").secret" ;;
  list) echo '{"from.list":"someone"}' ;;
esac
`,
  )
  chmodSync(script, 0o755)
  const path = process.env.PATH
  process.env.PATH = `${folder}:${path}`
  t.after(() => {
    process.env.PATH = path
  })
  return {
    calls: () => readFileSync(join(folder, 'calls'), 'utf8').trimEnd().split('\n'),
  }
}

test('what a helper has to say to its user is shown', (t) => {
  helper(t, 'talks')
  const script = `
    import { helperStore } from ${JSON.stringify(new URL('helper-store.ts', import.meta.url).href)}
    await helperStore('talks').get('reg.example')`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  assert.deepEqual([stdout, stderr], ['', 'unlock the ring\n'])
})

const decoded = (header: string): unknown => JSON.parse(Buffer.from(header, 'base64url').toString())
const basic = (text: string): string => Buffer.from(text).toString('base64')

test('the server of an image is the host in its name, or Docker’s own', () => {
  const hub = 'https://index.docker.io/v1/'
  for (const [image, server] of [
    ['busybox', hub],
    ['user/app', hub],
    ['docker.io/user/app', hub],
    ['index.docker.io/app', hub],
    ['localhost/app', 'localhost'],
    ['registry:5000/app', 'registry:5000'],
    ['Host/app', 'Host'],
    ['ghcr.io/a/b@sha256:00', 'ghcr.io'],
  ] as const)
    assert.equal(serverOfImage(image), server, image)
  assert.equal(hostOf('https://reg.example:5000/v1/'), 'reg.example:5000')
  assert.equal(hostOf('reg.example/path'), 'reg.example')
})

test('credentials in config.json are found by any spelling of the server, with colons in the password', async (t) => {
  const config = configOf(t, {
    auths: { 'https://reg.example/v1/': { auth: basic('ann:a:b') }, 'tok.example': { identitytoken: 'it' } },
  })
  assert.deepEqual(decoded(await registryAuth(config, 'reg.example/app')), {
    username: 'ann',
    password: 'a:b',
    serveraddress: 'reg.example',
  })
  assert.deepEqual(decoded(await registryAuth(config, 'tok.example/app')), {
    identitytoken: 'it',
    serveraddress: 'tok.example',
  })
  assert.deepEqual(decoded(await registryAuth(config, 'busybox')), {})
  assert.equal((await registryAuth(config, 'reg.example/app')).length % 4, 0, 'padded')
})

test('storing and erasing keeps what is not ours, and the mode of the file', async (t) => {
  const config = configOf(t, {
    other: { deep: [1] },
    auths: { 'a.example': { auth: basic('a:b'), extra: 1 } },
  })
  chmodSync(config.path, 0o640)
  const store = credentialStore(config, 'b.example')
  await store.store({ serveraddress: 'b.example', username: 'bob', password: 'pässword' })
  assert.equal(statSync(config.path).mode & 0o777, 0o640)
  const written = JSON.parse(readFileSync(config.path, 'utf8')) as Record<string, unknown>
  assert.deepEqual(written, {
    other: { deep: [1] },
    auths: { 'a.example': { auth: basic('a:b'), extra: 1 }, 'b.example': { auth: basic('bob:pässword') } },
  })
  await store.erase('b.example')
  await store.erase('nowhere.example')
  assert.deepEqual(Object.keys(readConfigFile(config.directory).settings.auths ?? {}), ['a.example'])
})

test('a new config.json is its owner’s alone, and a link to one stays a link', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-credentials-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const fresh = readConfigFile(join(folder, 'new'))
  await credentialStore(fresh, 'a').store({ serveraddress: 'a', username: 'u', password: 'p' })
  assert.equal(statSync(fresh.path).mode & 0o777, 0o600)

  mkdirSync(join(folder, 'linked'))
  symlinkSync(fresh.path, join(folder, 'linked', 'config.json'))
  const linked = readConfigFile(join(folder, 'linked'))
  await credentialStore(linked, 'b').store({ serveraddress: 'b', username: 'u', password: 'p' })
  assert.deepEqual(Object.keys(readConfigFile(fresh.directory).settings.auths ?? {}), ['a', 'b'])
})

test('CVE-2023-26054: a helper keeps the secret: config.json has only the server', async (t) => {
  const { calls } = helper(t, 'mine')
  const config = configOf(t, { credsStore: 'mine' })
  const store = credentialStore(config, 'reg.example')
  assert.equal(store.file, undefined)
  assert.equal(await store.get('reg.example'), undefined)
  await store.store({ serveraddress: 'reg.example', username: 'ann', password: 'hush-hush' })
  assert.deepEqual(await store.get('reg.example'), {
    serveraddress: 'reg.example',
    username: 'ann',
    password: 'hush-hush',
  })
  assert.ok(!readFileSync(config.path, 'utf8').includes('hush'))
  assert.ok(!readFileSync(config.path, 'utf8').includes(basic('ann:hush-hush')))
  assert.deepEqual(readConfigFile(config.directory).settings.auths, { 'reg.example': {} })
  await store.store({ serveraddress: 'reg.example', username: 'ann', identitytoken: 'refresh' })
  assert.deepEqual(await store.get('reg.example'), { serveraddress: 'reg.example', identitytoken: 'refresh' })
  await store.erase('reg.example')
  assert.equal(await store.get('reg.example'), undefined)
  assert.deepEqual(readConfigFile(config.directory).settings.auths, {})
  assert.ok(calls().includes('get reg.example'))
})

test('credHelpers name a helper for one registry only; a helper that is not there makes requests anonymous', async (t) => {
  helper(t, 'one')
  const config = configOf(t, {
    auths: { 'file.example': { auth: basic('f:g') } },
    credHelpers: { 'one.example': 'one', 'none.example': 'not-installed' },
  })
  await credentialStore(config, 'one.example').store({
    serveraddress: 'one.example',
    username: 'u',
    password: 'p',
  })
  assert.deepEqual(decoded(await registryAuth(config, 'one.example/x')), {
    serveraddress: 'one.example',
    username: 'u',
    password: 'p',
  })
  assert.deepEqual(decoded(await registryAuth(config, 'none.example/x')), {})
  await assert.rejects(
    credentialStore(config, 'none.example').get('none.example'),
    /executable file not found/,
  )
  const all = decoded(await registryConfig(config)) as Record<string, { username?: string }>
  assert.deepEqual(Object.keys(all).sort(), ['file.example', 'one.example'])
  assert.equal(all['file.example']?.username, 'f')
})
