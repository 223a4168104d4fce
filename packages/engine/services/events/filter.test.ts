import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventMessage } from '@gantry/api'
import type { Filters } from '../../contracts.ts'
import { passes } from './filter.ts'

const event = (Type: EventMessage['Type'], Action: string, ID: string, Attributes = {}): EventMessage => ({
  Type,
  Action,
  Actor: { ID, Attributes },
  scope: 'local',
})
const died = event('container', 'die', 'abc123', { image: 'host:5000/busybox:1', name: 'web', tier: 'x' })
const probed = event('container', 'exec_start: sh -c true', 'abc123', { image: 'busybox', name: 'web' })
const pulled = event('image', 'pull', 'busybox:latest', { name: 'busybox' })
const joined = event('network', 'connect', 'net1', { name: 'front', container: 'abc123' })

const cases: [EventMessage, Filters, boolean][] = [
  [died, {}, true],
  [died, { type: ['network'] }, false],
  [died, { type: ['network', 'container'] }, true],
  [died, { event: ['die'] }, true],
  [died, { event: ['di'] }, false],
  [died, { container: ['abc'] }, true],
  [died, { container: ['we'] }, true],
  [died, { container: ['other'] }, false],
  [died, { network: ['front'] }, false],
  [died, { label: ['tier=x'] }, true],
  [died, { label: ['tier=y'] }, false],
  [died, { image: ['host:5000/busybox'] }, true],
  [died, { image: ['host:5000/busybox:1'] }, true],
  [died, { image: ['host'] }, false],
  [died, { scope: ['local'] }, true],
  [died, { scope: ['swarm'] }, false],
  [probed, { event: ['exec_start'] }, true],
  [probed, { event: ['exec_create'] }, false],
  [pulled, { image: ['busybox'] }, true],
  [pulled, { image: ['alpine'] }, false],
  [joined, { network: ['fro'] }, true],
  [joined, { network: ['net1'] }, true],
  [joined, { container: ['abc123'] }, false],
]
for (const [message, filters, expected] of cases)
  test(`${message.Action} ${expected ? 'passes' : 'does not pass'} ${JSON.stringify(filters)}`, () =>
    assert.equal(passes(message, filters), expected))
