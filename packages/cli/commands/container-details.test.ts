import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { json } from '../../client/testing.ts'
import { runCommand } from '../testing.ts'
import { port } from './container-details.ts'

const on = (HostPort: string) => [
  { HostIp: '::', HostPort },
  { HostIp: '0.0.0.0', HostPort },
]
const Ports = { '443/tcp': on('8443'), '9/tcp': null, '80/tcp': [...on('8081'), ...on('8080')], '53/udp': [] }

const ask = (t: TestContext, ...words: string[]) =>
  runCommand(t, 'port', port, ['web', ...words], {
    '/containers/web/json': (_request, socket) => socket.write(json(200, { NetworkSettings: { Ports } })),
  })

test('ports are listed by their numbers', async (t) => {
  const lines = [
    '80/tcp -> 0.0.0.0:8080',
    '80/tcp -> 0.0.0.0:8081',
    '80/tcp -> [::]:8080',
    '80/tcp -> [::]:8081',
    '443/tcp -> 0.0.0.0:8443',
    '443/tcp -> [::]:8443',
    '',
  ]
  assert.equal((await ask(t)).stdout, lines.join('\n'))
  const of80 = '0.0.0.0:8080\n0.0.0.0:8081\n[::]:8080\n[::]:8081\n'
  for (const wanted of ['80', '80/', '80/tcp']) assert.equal((await ask(t, wanted)).stdout, of80)
})

test('a port that is not published is an error, in the words of the user', async (t) => {
  for (const wanted of ['9', '53/udp', '80/tcp/x', '81']) {
    const { code, stdout } = await ask(t, wanted)
    assert.equal(stdout, '')
    assert.equal((code as Error).message, `Error: No public port '${wanted}' published for web`)
  }
  assert.match(String((await ask(t, 'http')).code), /invalid port \(http\): .* invalid syntax/)
})
