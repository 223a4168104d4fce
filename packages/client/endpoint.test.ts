import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readConfigFile } from './config-file.ts'
import { parseHost, resolveEndpoint } from './endpoint.ts'
import { FrameDecoder } from './frames.ts'

const config = { directory: '/nope', path: '/nope/config.json', settings: {} }
const hostOf = (options: Partial<Parameters<typeof resolveEndpoint>[0]>) =>
  resolveEndpoint({ env: {}, config, ...options }).host

test('hosts are sockets, addresses and ssh destinations', () => {
  assert.deepEqual(parseHost('unix:///a/b.sock'), {
    kind: 'unix',
    host: 'unix:///a/b.sock',
    path: '/a/b.sock',
  })
  assert.equal(parseHost('127.0.0.1:5').host, 'tcp://127.0.0.1:5')
  assert.equal(parseHost('tcp://[::1]').host, 'tcp://[::1]:2375')
  assert.deepEqual(parseHost('tcp://a:1/base/'), {
    kind: 'tcp',
    host: 'tcp://a:1/base/',
    address: 'a',
    port: 1,
    prefix: '/base',
  })
  assert.deepEqual(parseHost('ssh://me@box:22'), {
    kind: 'ssh',
    host: 'ssh://me@box:22',
    destination: 'box',
    user: 'me',
    port: 22,
  })
  for (const host of ['http://localhost:1', 'tcp://a:99999', 'tcp://a b', 'ssh://-oProxyCommand=x']) {
    assert.throws(() => parseHost(host), { name: 'GantryError' }, host)
  }
})

test('flags come before the environment and that before contexts', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-config-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const id = createHash('sha256').update('remote').digest('hex')
  mkdirSync(join(directory, 'contexts/meta', id), { recursive: true })
  const metadata = { Name: 'remote', Endpoints: { docker: { Host: 'tcp://remote:1' } } }
  writeFileSync(join(directory, 'contexts/meta', id, 'meta.json'), JSON.stringify(metadata))
  writeFileSync(join(directory, 'config.json'), '{"currentContext":"remote"}')
  const ours = readConfigFile(directory)
  const DOCKER_HOST = 'unix:///env.sock'
  assert.equal(hostOf({ hosts: ['unix:///flag.sock'], env: { DOCKER_HOST } }), 'unix:///flag.sock')
  assert.equal(hostOf({ context: 'remote', env: { DOCKER_HOST }, config: ours }), 'tcp://remote:1')
  assert.equal(hostOf({ env: { DOCKER_HOST }, config: ours }), 'unix:///env.sock')
  assert.equal(
    hostOf({ env: { DOCKER_CONTEXT: 'remote' }, config: { ...ours, settings: {} } }),
    'tcp://remote:1',
  )
  assert.equal(hostOf({ config: ours }), 'tcp://remote:1')
  assert.match(hostOf({ context: 'default', config: ours }), /^unix:\/\//)
  assert.throws(() => hostOf({ context: 'nope', config: ours }), /context "nope": context not found/)
  assert.throws(() => hostOf({ hosts: ['a', 'b'] }), /Specify only one -H/)
  assert.throws(() => hostOf({ hosts: ['tcp://a'], tlsVerify: true }), /open \/nope\/ca.pem: no such file/)
})

test('frames come apart however the bytes are cut', () => {
  const frame = (stream: number, text: string) => {
    const header = Buffer.alloc(8)
    header[0] = stream
    header.writeUInt32BE(Buffer.byteLength(text), 4)
    return Buffer.concat([header, Buffer.from(text)])
  }
  const long = 'x'.repeat(100)
  const parts = [
    frame(1, 'o'),
    frame(1, long),
    frame(1, 'ut'),
    frame(2, 'err'),
    frame(2, 'or'),
    frame(4, 'a note'),
    frame(1, ''),
  ]
  const bytes = Buffer.concat([...parts, frame(1, 'put')])
  for (let size = 1; size <= bytes.length; size++) {
    const decoder = new FrameDecoder()
    const texts = { stdout: '', stderr: '', note: '' }
    for (let at = 0; at < bytes.length; at += size) {
      const piece = Buffer.from(bytes.subarray(at, at + size))
      for (const { stream, data } of decoder.decode(piece)) texts[stream] += data
    }
    assert.deepEqual(texts, { stdout: `o${long}utput`, stderr: 'error', note: 'a note' })
  }
  const joined = new FrameDecoder().decode(Buffer.concat([frame(1, 'a'), frame(1, 'b'), frame(2, 'c')]))
  assert.deepEqual(
    joined.map(({ stream, data }) => `${stream} ${data}`),
    ['stdout ab', 'stderr c'],
  )
  assert.throws(() => new FrameDecoder().decode(frame(3, 'lost')), {
    message: 'error from daemon in stream: lost',
  })
  assert.throws(() => new FrameDecoder().decode(Buffer.from('plain text')), /unrecognized stream/)
})
