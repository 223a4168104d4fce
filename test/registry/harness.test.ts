import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { startFaultProxy } from './fault-proxy.ts'
import { startRegistry } from './registry.ts'

const run = promisify(execFile)

test('a registry with basic authentication lets only its users in', async (t) => {
  const registry = await startRegistry({ htpasswd: { ann: 'secret' } }, t)
  assert.equal((await fetch(`${registry.url}/v2/`)).status, 401)
  const authorization = `Basic ${Buffer.from('ann:secret').toString('base64')}`
  assert.equal((await fetch(`${registry.url}/v2/`, { headers: { authorization } })).status, 200)
})

test('skopeo pushes to a registry with TLS and bearer tokens', async (t) => {
  const registry = await startRegistry({ tls: true, token: { users: { ann: 'secret' } } }, t)
  const layout = await mkdtemp('/tmp/gantry-e2e-layout-')
  t.after(() => rm(layout, { recursive: true }))
  await run('umoci', ['init', '--layout', `${layout}/oci`])
  await run('umoci', ['new', '--image', `${layout}/oci:one`])
  const certificates = `${registry.directory}/trusted`
  await mkdir(certificates)
  await copyFile(registry.authority?.certificate ?? '', `${certificates}/ca.crt`)
  const copy = [
    'copy',
    '--dest-cert-dir',
    certificates,
    `oci:${layout}/oci:one`,
    `docker://${registry.host}/a/b:one`,
  ]
  await assert.rejects(run('skopeo', copy), /requested access to the resource is denied/)
  await run('skopeo', [...copy, '--dest-creds', 'ann:secret'])
  assert.ok(
    registry.tokens?.requests.some(
      ({ user, scopes }) => user === 'ann' && scopes[0] === 'repository:a/b:pull,push',
    ),
  )
})

test('the fault proxy spoils what the rules say, as often as they say', async (t) => {
  const registry = await startRegistry({}, t)
  const proxy = await startFaultProxy(registry.url, [], t)
  const blob = Buffer.alloc(100_000, 'abc')
  const digest = `sha256:${createHash('sha256').update(blob).digest('hex')}`
  const started = await fetch(`${proxy.url}/v2/x/blobs/uploads/`, { method: 'POST' })
  const put = await fetch(`${started.headers.get('location')}&digest=${digest}`, {
    method: 'PUT',
    body: blob,
  })
  assert.equal(put.status, 201)
  const get = async (): Promise<Buffer> =>
    Buffer.from(await (await fetch(`${proxy.url}/v2/x/blobs/${digest}`)).arrayBuffer())
  const path = /\/blobs\/sha256/
  proxy.rules = [
    { path, times: 1, fault: { kind: 'cut', after: 5000 } },
    { path, times: 1, fault: { kind: 'truncate', after: 5000 } },
    { path, times: 1, fault: { kind: 'corrupt', at: 70_000 } },
    { path, times: 1, fault: { kind: 'status', status: 429, headers: { 'Retry-After': '1' } } },
    { path, times: 1, fault: { kind: 'surplus', bytes: 7 } },
  ]
  await assert.rejects(get())
  assert.deepEqual(await get(), blob.subarray(0, 5000))
  const corrupt = await get()
  assert.notDeepEqual(corrupt, blob)
  assert.equal(corrupt.length, blob.length)
  assert.equal((await get()).length, 0)
  assert.equal((await get()).length, blob.length + 7)
  assert.deepEqual(await get(), blob)
})
