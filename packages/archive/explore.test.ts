import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setXattr } from '@gantry/syscall'
import { exploreLayers } from './explore.ts'

test('tells of each layer what it adds, changes, removes and hides', (t) => {
  const top = mkdtempSync(join(tmpdir(), 'gantry-explore-'))
  t.after(() => rmSync(top, { recursive: true, force: true }))
  const layer = (name: string, make: (at: (path: string) => string) => void) => {
    const directory = join(top, name)
    mkdirSync(directory)
    make((path) => join(directory, path))
    return { directory, layer: name, createdBy: `made ${name}` }
  }
  const opaque = (path: string) => setXattr(Buffer.from(path), 'trusted.overlay.opaque', Buffer.from('y'))
  const layers = [
    layer('one', (at) => {
      for (const path of ['etc', 'var', 'var/cache', 'opt']) mkdirSync(at(path))
      writeFileSync(at('etc/file'), '12345')
      linkSync(at('etc/file'), at('etc/link'))
      writeFileSync(at('var/cache/a'), '1')
      writeFileSync(at('opt/old'), '22')
    }),
    layer('two', (at) => {
      for (const path of ['etc', 'var', 'opt']) mkdirSync(at(path))
      writeFileSync(at('etc/file'), '1234567')
      execFileSync('mknod', [at('var/cache'), 'c', '0', '0'])
      execFileSync('mknod', [at('var/never'), 'c', '0', '0'])
      opaque(at('opt'))
      writeFileSync(at('opt/new'), '333')
    }),
    layer('three', (at) => {
      writeFileSync(at('var'), 'now a file')
      mkdirSync(at('etc'))
      execFileSync('mknod', [at('etc/link'), 'c', '0', '0'])
    }),
  ]
  const told: string[] = []
  exploreLayers(layers, (line) =>
    told.push('layer' in line ? line.createdBy : `${line.kind} ${line.path} ${line.size} ${line.hides}`),
  )
  assert.deepEqual(told, [
    'made one',
    'added /etc 0 0',
    'added /etc/file 5 0',
    'added /etc/link 0 0',
    'added /opt 0 0',
    'added /opt/old 2 0',
    'added /var 0 0',
    'added /var/cache 0 0',
    'added /var/cache/a 1 0',
    'made two',
    'changed /etc/file 7 0',
    'removed /opt/old 2 2',
    'added /opt/new 3 0',
    'removed /var/cache 0 0',
    'removed /var/cache/a 1 1',
    'made three',
    'removed /etc/link 5 5',
    'changed /var 10 0',
  ])
})
