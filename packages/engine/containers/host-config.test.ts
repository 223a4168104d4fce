import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HostConfig } from '@gantry/api'
import { type HostConfigDefaults, withDefaults } from './host-config.ts'

const defaults: HostConfigDefaults = {
  runtime: 'crun',
  cgroupnsMode: 'private',
  cgroupVersion: 2,
  ipcMode: 'private',
  shmSize: 2 ** 26,
  storageSize: 0,
  maskedPaths: ['/proc/kcore'],
  readonlyPaths: ['/proc/bus'],
}

test('the cgroup namespace of containers that name none', () => {
  const mode = (host: HostConfig, some: Partial<HostConfigDefaults>) =>
    withDefaults(host, { ...defaults, ...some }).CgroupnsMode
  const rows: [HostConfig, Partial<HostConfigDefaults>, string][] = [
    [{}, {}, 'private'],
    [{ Privileged: true }, {}, 'private'],
    [{ Privileged: true, CgroupnsMode: 'host' }, {}, 'host'],
    [{ Privileged: true }, { cgroupnsMode: 'host' }, 'host'],
    [{}, { cgroupVersion: 1, cgroupnsMode: 'host' }, 'host'],
    [{}, { cgroupVersion: 1 }, 'private'],
    [{ Privileged: true }, { cgroupVersion: 1 }, 'host'],
    [{ Privileged: true, CgroupnsMode: 'private' }, { cgroupVersion: 1 }, 'private'],
  ]
  for (const [host, some, expected] of rows)
    assert.equal(mode(host, some), expected, JSON.stringify([host, some]))
})
