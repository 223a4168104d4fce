import assert from 'node:assert/strict'
import { test } from 'node:test'
import { linkEnvironment } from './link-environment.ts'

test('variables of a link, as Docker 20.10 makes them', () => {
  const variables = linkEnvironment({
    name: '/par/al-ias',
    alias: 'al-ias',
    address: '10.177.3.2',
    ports: ['7000/tcp', '90/udp', '80/tcp', '82/tcp', '81/tcp'],
    environment: ['PATH=/bin', 'FOO=bar', 'HOME=/x', 'EMPTY='],
  })
  const of = (port: number, protocol: string) => {
    const name = `AL_IAS_PORT_${port}_${protocol.toUpperCase()}`
    return [
      `${name}=${protocol}://10.177.3.2:${port}`,
      `${name}_ADDR=10.177.3.2`,
      `${name}_PORT=${port}`,
      `${name}_PROTO=${protocol}`,
    ]
  }
  assert.deepEqual(variables, [
    'AL_IAS_PORT=tcp://10.177.3.2:80',
    'AL_IAS_PORT_80_TCP_START=tcp://10.177.3.2:80',
    'AL_IAS_PORT_80_TCP_END=tcp://10.177.3.2:82',
    'AL_IAS_PORT_80_TCP_PORT_START=80',
    'AL_IAS_PORT_80_TCP_PORT_END=82',
    ...[80, 81, 82, 7000].flatMap((port) => of(port, 'tcp')),
    ...of(90, 'udp'),
    'AL_IAS_NAME=/par/al-ias',
    'AL_IAS_ENV_FOO=bar',
    'AL_IAS_ENV_EMPTY=',
  ])
  const bare = { name: '/a/b', alias: 'b', address: '10.0.0.2', ports: [], environment: [] }
  assert.deepEqual(linkEnvironment(bare), ['B_NAME=/a/b'])
})
