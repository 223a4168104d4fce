import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ContainerSummary, ImageSummary } from '@gantry/api'
import { ExitError } from '../../framework/command.ts'
import { containerColumns, containerFormat } from './containers.ts'
import { imageColumns, imageFormat, imageRows } from './images.ts'
import { formatList } from './list.ts'
import { portsText } from './ports.ts'
import { labelOf } from './texts.ts'

const container: ContainerSummary = {
  Id: 'ab'.repeat(32),
  Names: ['/web', '/other/link'],
  Image: 'docker.io/library/busybox:1@sha256:'.concat('0'.repeat(64)),
  ImageID: 'sha256:'.concat('1'.repeat(64)),
  Command: 'sleep 600 and then some more',
  Created: Math.floor(Date.now() / 1000) - 60,
  State: 'running',
  Status: 'Up About a minute',
  Labels: { role: 'web', 'com.example.some-key': 'v' },
  SizeRw: 1200,
  SizeRootFs: 2_000_000,
}
const rows = [{ container, truncate: true }]

test('a table of containers', () => {
  assert.equal(
    formatList(rows, containerColumns, containerFormat('', false, true)),
    'CONTAINER ID   IMAGE       COMMAND                  CREATED              STATUS              PORTS     NAMES     SIZE\n' +
      'abababababab   busybox:1   "sleep 600 and then …"   About a minute ago   Up About a minute             web       1.2kB (virtual 2MB)\n',
  )
})

test('headers stand for what the template shows', () => {
  const format = 'table {{.Names}}\\t{{.Label "com.example.some-key"}}\\t{{upper .State}}'
  assert.equal(
    formatList(rows, containerColumns, format),
    'NAMES     some key   STATE\nweb       v          RUNNING\n',
  )
})

test('a list that nothing is in still has its header', () => {
  assert.equal(formatList([], containerColumns, 'table {{.ID}}'), 'CONTAINER ID\n')
  assert.equal(formatList([], containerColumns, '{{.Nope}}'), '')
})

test('a template that does not fit names the type', () => {
  assert.throws(
    () => formatList(rows, containerColumns, '{{.Nope}}'),
    (error) =>
      error instanceof ExitError &&
      error.message ===
        `template parsing error: template: :1:2: executing "" at <.Nope>: can't evaluate field Nope in type *formatter.ContainerContext`,
  )
})

test('JSON has all columns, sorted, with HTML escaped', () => {
  const [line = ''] = formatList(
    [{ container: { Command: '<a>' }, truncate: false }],
    containerColumns,
    'json',
  ).split('\n')
  assert.ok(line.startsWith('{"Command":"\\"\\u003ca\\u003e\\"","CreatedAt":'))
  assert.deepEqual(
    Object.keys(JSON.parse(line) as object),
    Object.keys(JSON.parse(line) as object).toSorted(),
  )
})

test('ports: neighbours published alike are a range', () => {
  const port = (PrivatePort: number, PublicPort?: number, IP?: string) => ({
    PrivatePort,
    Type: 'tcp' as const,
    ...(PublicPort && { PublicPort }),
    ...(IP && { IP }),
  })
  assert.equal(
    portsText([
      port(81, 81, '0.0.0.0'),
      port(80, 80, '0.0.0.0'),
      port(90, 8090, '::'),
      port(7),
      port(9),
      port(8),
    ]),
    '7-9/tcp, 0.0.0.0:80-81->80-81/tcp, [::]:8090->90/tcp',
  )
})

const image: ImageSummary = {
  Id: 'sha256:'.concat('ab'.repeat(32)),
  ParentId: '',
  RepoTags: ['busybox:1', 'busybox:2', 'reg:5000/x:y'],
  RepoDigests: [`busybox@sha256:${'0'.repeat(64)}`, `only/digest@sha256:${'1'.repeat(64)}`],
  Created: 0,
  Size: 1984162,
  SharedSize: -1,
  Labels: {},
  Containers: -1,
}

test('an image has a row for each name', () => {
  const names = (digests: boolean) =>
    imageRows(image, digests, false, true).map(
      ({ repository, tag, digest }) => `${repository}:${tag}@${digest.slice(0, 9)}`,
    )
  assert.deepEqual(names(false), [
    'busybox:1@<none>',
    'busybox:2@<none>',
    'reg:5000/x:y@<none>',
    'only/digest:<none>@',
  ])
  assert.deepEqual(names(true), [
    'busybox:1@sha256:00',
    'busybox:2@sha256:00',
    'reg:5000/x:y@<none>',
    'only/digest:<none>@sha256:11',
  ])
  const dangling = { ...image, RepoTags: [], RepoDigests: [] }
  assert.equal(
    formatList(
      imageRows(dangling, false, false, true),
      imageColumns,
      imageFormat('raw', false, false),
    ).replace(/(?<=created_at: ).*/, 'TIME'),
    'repository: <none>\ntag: <none>\nimage_id: abababababab\ncreated_at: TIME\nvirtual_size: 1.98MB\n\n',
  )
})

test('a label that is not there is empty, whatever it is called', () => {
  assert.equal(labelOf({ a: 'b' }, 'a'), 'b')
  assert.equal(labelOf({ a: 'b' }, 'constructor'), '')
  assert.equal(labelOf(null, 'a'), '')
})
