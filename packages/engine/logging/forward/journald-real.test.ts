/** The journald driver against systemd's own journal, in a mount namespace of the test's own. */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { until } from '../../../../test/until.ts'
import { openJournald } from './journald.ts'

const program = ['/lib/systemd/systemd-journald', '/usr/lib/systemd/systemd-journald'].find(existsSync)
const skip = !program || process.getuid?.() !== 0 ? 'needs root and systemd-journald' : false

const script = `mount --make-rprivate / && mount -t tmpfs tmpfs /run &&
mkdir -p /run/systemd/journal/streams /run/log/journal && exec ${program}`

test('entries arrive in a real journal whole, in order and with their fields', { skip }, async (t) => {
  const journald = spawn('unshare', ['-m', 'sh', '-c', script], { stdio: 'ignore' })
  t.after(async () => {
    journald.kill('SIGKILL')
    if (journald.exitCode === null && journald.signalCode === null) await once(journald, 'exit')
  })
  const socket = `/proc/${journald.pid}/root/run/systemd/journal/socket`
  await until('the socket of the journal', () => existsSync(socket))
  const info = {
    ...{ id: 'f'.repeat(64), name: 'web', imageId: '', imageName: 'busybox', created: '', entrypoint: '' },
    ...{ args: [], env: [], labels: {}, logPath: '', hostname: 'host' },
  }
  const destination = openJournald({ info, tag: 'tag', attributes: { TIER: 'web\nsite' } }, socket)
  const time = { seconds: 1, nanoseconds: 0 }
  const lines = [
    'first',
    Buffer.from([1, 255, 10, 2]),
    'L'.repeat(500_000),
    '',
    ...Array.from({ length: 1500 }, (_, n) => `${n}`),
  ]
  const messages = lines.map((line) => ({
    stream: 'stderr' as const,
    time,
    line: Buffer.from(line),
    partial: null,
  }))
  await destination.send(messages, new AbortController().signal)
  destination.close()
  const read = () => {
    const query = ['--directory', '/run/log/journal', '--all', '-q', '-o', 'json', 'CONTAINER_TAG=tag']
    const output = execFileSync('nsenter', ['-t', String(journald.pid), '-m', 'journalctl', ...query], {
      maxBuffer: 64 << 20,
    })
    return String(output).trim().split('\n').filter(Boolean)
  }
  const entries = (await until('all entries', () => (read().length < lines.length ? null : read()))).map(
    (line) => JSON.parse(line) as Record<string, unknown>,
  )
  const found = entries.map(({ MESSAGE }) =>
    Buffer.from(Array.isArray(MESSAGE) ? MESSAGE : String(MESSAGE ?? '')),
  )
  assert.deepEqual(found.map(String), lines.map(String))
  assert.equal(entries[0]?.TIER, 'web\nsite')
  assert.equal(entries[0]?.PRIORITY, '3')
  assert.equal(entries[0]?.CONTAINER_NAME, 'web')
})
