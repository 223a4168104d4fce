/**
 * Every field of a create request, one row each in create-fields/*.json: it is set, `inspect` gives it back and it takes
 * effect, or it is refused or warned about. A field of the API without a row fails.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { readFile, rmdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { bodies, shapes } from '@gantry/api/shapes'
import { type KernelLimits, kernelLimits } from '@gantry/engine'
import { cgroupLayout } from '@gantry/syscall'
import { suiteDaemon } from './harness.ts'
import { atOnce } from './recording.ts'

interface Outcome {
  /** What `inspect` shows; the value itself when absent. */
  shown?: unknown
  /** The only warning of the answer. */
  warns?: string
  /** The message of a create that is refused. */
  refused?: string
}

interface Row extends Outcome {
  /** `Config.X`, `HostConfig.X`, `EndpointSettings.X`, `EndpointIPAMConfig.X`. */
  field: string
  value?: unknown
  /** Further parts of the body. */
  with?: Record<string, unknown>
  /** Of the API; the newest when absent. */
  version?: string
  /** A path in the answer of `inspect`, if not the field's own. */
  shownAt?: string
  /** A limit of the kernel, and what comes of the field on a host without it. */
  needs?: keyof KernelLimits
  otherwise?: Outcome
  /** A shell command in the container, and a pattern of what it prints. */
  run?: string
  prints?: string
  /** A pattern of the message of a start that is refused. */
  startRefused?: string
  /** A file of the container's cgroup in both versions, and a pattern of its content. */
  cgroup?: Record<'v1' | 'v2', [file: string, pattern: string]>
  /** The API shows the field and takes no notice of it in a request. */
  answerOnly?: boolean
  note?: string
}

const folder = new URL('create-fields/', import.meta.url).pathname
const rows = ['config', 'host-config', 'endpoint-settings'].flatMap(
  (name) => JSON.parse(readFileSync(`${folder}${name}.json`, 'utf8')) as Row[],
)
const layout = cgroupLayout()
const limits = kernelLimits(layout)
const cgroupParent = `gantry-fields-${process.pid}`
const subnet = `10.254.${process.pid % 250}`

test('every field of the API has its row', () => {
  const fieldsOf = (prefix: string, shape: unknown) =>
    Object.keys((shape as { fields: object }).fields).map((name) => `${prefix}.${name}`)
  const known = [
    ...fieldsOf('Config', bodies.ContainerCreate).filter(
      (name) => !/\.(HostConfig|NetworkingConfig)$/.test(name),
    ),
    ...fieldsOf('HostConfig', shapes.HostConfig),
    ...fieldsOf('NetworkingConfig', shapes.NetworkingConfig),
    ...fieldsOf('EndpointSettings', shapes.EndpointSettings),
    ...fieldsOf('EndpointIPAMConfig', shapes.EndpointIPAMConfig),
  ]
  assert.deepEqual([...new Set(rows.map(({ field }) => field))].sort(), known.sort())
})

suite('create fields', { concurrency: atOnce(3) }, () => {
  const daemon = suiteDaemon()
  const places: Record<string, string> = {
    block: `/dev/${readdirSync('/sys/block')[0]}`,
    cgroup: cgroupParent,
    hostname: hostname(),
  }

  before(async () => {
    await daemon().docker(['network', 'create', '--subnet', `${subnet}.0/28`, 'fields-net'])
    await daemon().docker(['run', '-d', '--name', 'fields-peer', '-v', '/donated', 'busybox', 'sleep', '600'])
    await daemon().docker(['network', 'connect', 'fields-net', 'fields-peer'])
    const fill = 'mkdir /v/sub && echo inside > /v/sub/file'
    await daemon().docker(['run', '--rm', '-v', 'fields-volume:/v', 'busybox', 'sh', '-c', fill])
    places.scratch = daemon().root
  })
  after(async () => {
    for (const tree of ['', ...readdirSync(layout.root)]) {
      for (const group of [`${cgroupParent}/below`, cgroupParent])
        await rmdir(join(layout.root, tree, group)).catch(() => undefined)
    }
  })

  /** Rows run at the same time, and what they start takes addresses from the beginning of the subnet. */
  const ownAddress = (name: string): string => `${subnet}.${name.includes('ipamconfig-ipv4') ? 14 : 13}`

  /** A copy with `{block}` and the like filled in. */
  function filled<T>(value: T, name: string): T {
    return JSON.parse(
      JSON.stringify(value).replace(
        /\{(block|cgroup|hostname|address|name|scratch)\}/g,
        (_, key: string) => ({ ...places, name, address: ownAddress(name) })[key] ?? '',
      ),
    ) as T
  }

  for (const [index, template] of rows.entries()) {
    if (template.answerOnly) continue
    test(template.note ? `${template.field} (${template.note})` : template.field, async (t) => {
      const name = `fields-${template.field.replace('.', '-').toLowerCase()}-${index}`
      const row = filled(template, name)
      const outcome = row.needs && !limits[row.needs] ? { ...row.otherwise } : row
      const prefix = row.version ? `/v${row.version}` : ''
      const answer = await daemon().api('POST', `${prefix}/containers/create?name=${name}`, bodyOf(row))
      const body = answer.body as { Id?: string; Warnings?: string[]; message?: string }
      if (outcome.refused !== undefined) {
        assert.deepEqual([answer.status, body.message], [400, outcome.refused])
        return
      }
      assert.equal(answer.status, 201, body.message ?? '')
      t.after(() => daemon().api('DELETE', `/containers/${name}?force=1&v=1`))
      assert.deepEqual(body.Warnings, outcome.warns === undefined ? [] : [outcome.warns])
      const inspected = await daemon().api('GET', `${prefix}/containers/${name}/json`)
      const shown = at(inspected.body, row.shownAt ?? pathOf(row.field))
      assert.deepEqual(shown, 'shown' in outcome ? outcome.shown : row.value)
      if (outcome === row) await checkEffect(row, name, body.Id ?? '')
    })
  }

  async function checkEffect(row: Row, name: string, id: string): Promise<void> {
    if (row.startRefused === undefined && row.prints === undefined && !row.cgroup) return
    const started = await daemon().api('POST', `/containers/${name}/start`)
    const { message } = (started.body || {}) as { message?: string }
    if (row.startRefused !== undefined) {
      assert.ok(started.status >= 400)
      assert.match(message ?? '', new RegExp(row.startRefused))
      return
    }
    assert.equal(started.status, 204, message ?? '')
    if (row.cgroup) {
      const [file, pattern] = layout.mode === 'v2' ? row.cgroup.v2 : row.cgroup.v1
      assert.match(await groupFile(id, file), new RegExp(pattern, 'm'))
      return
    }
    await daemon().api('POST', `/containers/${name}/wait`)
    const { stdout, stderr } = await daemon().docker(['logs', name])
    assert.match((stdout + stderr).replaceAll('\r', '').trimEnd(), new RegExp(row.prints ?? '', 'm'))
  }

  async function groupFile(id: string, file: string): Promise<string> {
    const [controller = '', name = ''] = layout.mode === 'v2' ? ['', file] : file.split('/')
    return (await readFile(join(layout.root, controller, daemon().kernelName, id, name), 'utf8')).trim()
  }
})

/** The create request of a row: an ordinary container, and the field. */
function bodyOf(row: Row): Record<string, unknown> {
  const [owner = '', field = ''] = row.field.split('.')
  const command = row.cgroup ? ['sleep', '600'] : ['sh', '-c', row.run ?? 'true']
  const base = { Image: 'busybox', Cmd: command }
  const host = (row.with?.HostConfig ?? {}) as object
  const own = { [field]: row.value }
  if (owner === 'Config') return { ...base, ...row.with, ...own }
  if (owner === 'HostConfig') return { ...base, ...row.with, HostConfig: { ...host, ...own } }
  if (owner === 'NetworkingConfig')
    return { ...base, HostConfig: { NetworkMode: 'fields-net' }, NetworkingConfig: own }
  const settings = owner === 'EndpointSettings' ? own : { IPAMConfig: own }
  return {
    ...base,
    HostConfig: { NetworkMode: 'fields-net' },
    NetworkingConfig: { EndpointsConfig: { 'fields-net': settings } },
  }
}

function pathOf(field: string): string {
  const endpoint = 'NetworkSettings/Networks/fields-net'
  return field
    .replace('EndpointSettings.', `${endpoint}/`)
    .replace('EndpointIPAMConfig.', `${endpoint}/IPAMConfig/`)
    .replace('NetworkingConfig.EndpointsConfig', 'NetworkSettings/Networks')
    .replace('.', '/')
}

function at(value: unknown, path: string): unknown {
  return path.split(/[/.]/).reduce((inner, key) => (inner as Record<string, unknown> | null)?.[key], value)
}
