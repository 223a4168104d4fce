import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { isKind } from '@gantry/errors'
import { createVolumes, type StoredVolume } from '@gantry/volumes'
import type { Filters } from '../../contracts.ts'
import { eventRecorder, memoryTable } from '../testing.ts'
import { createVolumeService, volumeEvents } from './volumes.ts'

async function setUp(t: TestContext) {
  const dataRoot = mkdtempSync(join(tmpdir(), 'volume-service-'))
  t.after(() => rmSync(dataRoot, { recursive: true, force: true }))
  const events = eventRecorder()
  const table = memoryTable<StoredVolume>()
  const volumes = await createVolumes({ dataRoot, table, onEvent: volumeEvents(events) })
  return { dataRoot, events, volumes, service: createVolumeService({ volumes, events }) }
}

test('create, inspect and remove', async (t) => {
  const { service, events, dataRoot } = await setUp(t)
  const created = await service.create({ Name: 'data', Labels: { k: 'v' } })
  assert.deepEqual(
    { ...created, CreatedAt: '' },
    {
      CreatedAt: '',
      Driver: 'local',
      Labels: { k: 'v' },
      Mountpoint: `${dataRoot}/volumes/data/_data`,
      Name: 'data',
      Options: null,
      Scope: 'local',
    },
  )
  assert.deepEqual(await service.inspect('data'), created)
  await service.remove('data', false)
  await assert.rejects(service.inspect('data'), (error) => isKind(error, 'NotFound'))
  await assert.rejects(service.remove('data', false), { message: 'get data: no such volume' })
  await service.remove('data', true)
  assert.deepEqual(events.seen, [
    'volume create data {"driver":"local"}',
    'volume destroy data {"driver":"local"}',
  ])
})

test('mount and unmount are told with the container and how it sees the volume', async (t) => {
  const { volumes, events } = await setUp(t)
  await volumes.create({ name: 'data' })
  await volumes.mount('data', 'c1', { destination: '/v', readWrite: true })
  await volumes.unmount('data', 'c1')
  assert.deepEqual(events.seen.slice(1), [
    'volume mount data {"container":"c1","destination":"/v","read/write":"true","propagation":"","driver":"local"}',
    'volume unmount data {"container":"c1","driver":"local"}',
  ])
})

test('lists are filtered', async (t) => {
  const { service, volumes } = await setUp(t)
  await service.create({ Name: 'spec-used' })
  await service.create({ Name: 'spec-free', Labels: { k: 'v' } })
  await service.create({ Name: 'other' })
  volumes.acquire('spec-used', 'c1')
  const names = async (filters: Filters) => (await service.list(filters)).volumes.map(({ Name }) => Name)
  assert.deepEqual(await names({}), ['spec-used', 'spec-free', 'other'])
  assert.deepEqual(await names({ name: ['spec-'] }), ['spec-used', 'spec-free'])
  assert.deepEqual(await names({ dangling: ['true'] }), ['spec-free', 'other'])
  assert.deepEqual(await names({ dangling: ['0'] }), ['spec-used'])
  assert.deepEqual(await names({ label: ['k=v'] }), ['spec-free'])
  assert.deepEqual(await names({ driver: ['nfs'] }), [])
  await assert.rejects(names({ nope: ['1'] }), { message: "Invalid filter 'nope'" })
})

test('prune takes unused anonymous volumes, and named ones only when told', async (t) => {
  const { service, volumes, events } = await setUp(t)
  await service.create({ Name: 'named' })
  await service.create({ Name: 'kept', Labels: { keep: '' } })
  const used = await service.create({})
  const unused = await service.create({})
  volumes.acquire(used.Name, 'c1')
  writeFileSync(join(unused.Mountpoint, 'file'), 'twelve bytes')
  assert.deepEqual(await service.prune({}), { deleted: [unused.Name], spaceReclaimed: 12 })
  assert.equal(events.seen.at(-1), 'volume prune  {"reclaimed":"12"}')
  assert.deepEqual(await service.prune({ all: ['1'], 'label!': ['keep'] }), {
    deleted: ['named'],
    spaceReclaimed: 0,
  })
  await assert.rejects(service.prune({ until: ['1h'] }), (error) => isKind(error, 'InvalidParameter'))
})
