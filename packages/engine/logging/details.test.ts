import assert from 'node:assert/strict'
import { test } from 'node:test'
import { extraAttributes, logDetails } from './details.ts'
import { type LogInfo, renderTag } from './tag.ts'

const info: LogInfo = {
  id: '0123456789abcdef'.repeat(4),
  name: 'web',
  imageId: `sha256:${'a'.repeat(64)}`,
  imageName: 'busybox:1',
  created: '2026-01-01T00:00:00.000Z',
  entrypoint: 'sh',
  args: ['-c', 'true'],
  env: ['A=1', 'AB=2=3', 'C=', 'D'],
  labels: { tier: 'web', note: 'x' },
  logPath: '/log',
  hostname: 'host',
}

test('the log options choose which labels and variables go beside a line', () => {
  assert.deepEqual(logDetails(info, {}), {})
  assert.deepEqual(logDetails(info, { labels: 'tier,nosuch' }), { tier: 'web' })
  assert.deepEqual(logDetails(info, { 'labels-regex': '^(tier|note)$' }), { tier: 'web', note: 'x' })
  assert.deepEqual(logDetails(info, { 'labels-regex': '(?i)^TIER$' }), { tier: 'web' })
  assert.deepEqual(logDetails(info, { env: 'C', 'env-regex': '^A', tag: 't-{{.Name}}' }), {
    A: '1',
    AB: '2=3',
    C: '',
    tag: 't-web',
  })
  assert.deepEqual(
    extraAttributes(info, { env: 'A' }, (name) => `_${name}`),
    { _A: '1' },
  )
  assert.throws(() => logDetails(info, { 'env-regex': '(' }), {
    kind: 'InvalidParameter',
    message: /^error parsing regexp: /,
  })
})

test('a tag is a template', () => {
  for (const [template, tag] of [
    ['', ''],
    ['plain', 'plain'],
    ['{{.ImageName}}/{{ .Name }}/{{.ID}}', 'busybox:1/web/0123456789ab'],
    ['{{.FullID}}', info.id],
    ['{{.ImageID}} {{.ImageFullID}}', `sha256:aaaaa ${info.imageId}`],
    ['{{.DaemonName}}/{{.Command}}/{{.Hostname}}', 'docker/sh -c true/host'],
    ['{{upper .Name}}{{.Name | title}}', 'WEBWeb'],
    ['{{truncate .Name 2}}{{json .Name}}', 'we"web"'],
    ['{{.ContainerName}} {{.ContainerLabels}} {{.ContainerArgs}}', '/web map[note:x tier:web] [-c true]'],
    ['{{index .ContainerLabels "tier"}}', 'web'],
    ['{{join (split) ""}}', null],
    ['{{index (split .ImageName ":") 0}}', null],
  ] as const) {
    if (tag === null) assert.throws(() => renderTag(template, info), { kind: 'InvalidParameter' }, template)
    else assert.equal(renderTag(template, info), tag)
  }
})

test('a bad tag is refused in the words of Go', () => {
  for (const [template, message] of [
    ['{{', 'template: log-tag:1: unclosed action'],
    ['{{.ID', 'template: log-tag:1: unclosed action'],
    ['{{}}', 'template: log-tag:1: missing value for command'],
    [
      '{{.Nope}}',
      'template: log-tag:1:2: executing "log-tag" at <.Nope>: can\'t evaluate field Nope in type *logger.Info',
    ],
    [
      '{{.constructor}}',
      'template: log-tag:1:2: executing "log-tag" at <.constructor>: can\'t evaluate field constructor in type *logger.Info',
    ],
    ['{{nope .ID}}', 'template: log-tag:1: function "nope" not defined'],
  ] as const)
    assert.throws(() => renderTag(template, info), { kind: 'InvalidParameter', message }, template)
})
