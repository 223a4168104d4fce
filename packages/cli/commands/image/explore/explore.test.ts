import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import type { ImageLayerFile } from '@gantry/api'
import { printable } from '../../../format/printable.ts'
import { draw, modeText } from './draw.ts'
import { commandOf, readLayers, wasteOf } from './layers.ts'
import { formatReport, reportOf } from './report.ts'
import { keysOf } from './screen.ts'
import { ExploreState } from './state.ts'

const file = (path: string, kind: ImageLayerFile['kind'], size: number, hides = 0, mode = 0o100644) =>
  ({ path, kind, size, hides, mode, uid: 0, gid: 0 }) satisfies ImageLayerFile
const directory = (path: string) => file(path, 'added', 0, 0, 0o040755)

const lines = [
  { layer: `sha256:${'a'.repeat(64)}`, createdBy: '/bin/sh -c #(nop) ADD file:x in / ' },
  directory('/etc'),
  file('/etc/passwd', 'added', 10),
  directory('/var'),
  directory('/var/cache'),
  file('/var/cache/one', 'added', 1000),
  file('/var/cache/two', 'added', 500),
  { layer: `sha256:${'b'.repeat(64)}`, createdBy: 'RUN /bin/sh -c rm -r /var/cache # buildkit' },
  file('/etc/passwd', 'changed', 12, 10),
  file('/var/cache', 'removed', 0, 0, 0o040755),
  file('/var/cache/one', 'removed', 1000, 1000),
  file('/var/cache/two', 'removed', 500, 500),
]

const layers = () => readLayers(Readable.from(lines))

test('the report counts what each layer does and names what is wasted', async () => {
  const text = formatReport(reportOf(await layers()))
  assert.equal(
    text,
    [
      'aaaaaaaaaaaa   1.51kB ADD file:x in /',
      '    6 added, 0 changed, 0 removed',
      'bbbbbbbbbbbb      12B RUN rm -r /var/cache',
      '    0 added, 1 changed, 3 removed, hides 1.51kB',
      '',
      'Size: 1.52kB',
      'Wasted: 1.51kB (99.2%)',
      '         1kB 1x /var/cache/one',
      '        500B 1x /var/cache/two',
      '         10B 1x /etc/passwd',
      '',
    ].join('\n'),
  )
})

test('what is hidden several times is one waste', async () => {
  const again = { ...(await layers())[1], files: [file('/etc/passwd', 'removed', 12, 12)] }
  assert.deepEqual(wasteOf([...(await layers()), again as never]).at(-1), {
    path: '/etc/passwd',
    bytes: 22,
    times: 2,
  })
})

const shown = (state: ExploreState) =>
  state.rows.map(({ node, depth }) => `${node.kind[0]}${' '.repeat(depth)}${node.name}:${node.size}`)

function typed(state: ExploreState, keys: string): void {
  for (const key of keysOf(keys)) state.press(key, 10)
}

test('the files up to a layer, those of a layer alone, folded, filtered and by kind', async () => {
  const state = new ExploreState(await layers())
  assert.deepEqual(shown(state), ['aetc:10', 'avar:1500'])
  typed(state, '\x1b[B+')
  assert.equal(state.layer, 1)
  assert.deepEqual(shown(state), [
    'uetc:12',
    'c passwd:12',
    'uvar:0',
    'r cache:0',
    'r  one:1000',
    'r  two:500',
  ])
  typed(state, 'a4')
  assert.deepEqual(shown(state).slice(0, 2), ['uetc:12', 'c passwd:12'])
  typed(state, '3')
  assert.deepEqual(shown(state), ['uetc:12', 'c passwd:12'])
  typed(state, '3/TWO\r')
  assert.deepEqual(shown(state), ['uvar:0', 'r cache:0', 'r  two:500'])
  typed(state, '\x1b\t\x1b[H\x1b[D')
  assert.deepEqual(shown(state)[0], 'uetc:12')
  assert.equal(shown(state).includes('c passwd:12'), false)
  assert.equal(state.press('q', 10), false)
  assert.equal(state.press('\x03', 10), false)
})

test('what a layer removed is not there later, and a directory that became a file shows what it had', async () => {
  const third = { layer: `sha256:${'c'.repeat(64)}`, createdBy: 'COPY cache /var/cache' }
  const replaced = [
    ...lines.slice(0, 7),
    { layer: `sha256:${'b'.repeat(64)}`, createdBy: 'x' },
    file('/var/cache/one', 'removed', 1000, 1000),
    file('/var/cache/two', 'removed', 500, 500),
    file('/var/cache', 'changed', 7),
    third,
  ]
  const later = new ExploreState(await readLayers(Readable.from([...lines, third])))
  typed(later, '+G')
  assert.deepEqual(shown(later), ['uetc:12', 'u passwd:12', 'uvar:0'])
  const state = new ExploreState(await readLayers(Readable.from(replaced)))
  typed(state, 'j+/var\r')
  assert.deepEqual(shown(state), ['uvar:7', 'c cache:7', 'r  one:1000', 'r  two:500'])
  typed(state, 'j')
  assert.deepEqual(shown(state), ['uvar:7', 'u cache:7'])
})

test('an answer that breaks off is an error', async () => {
  const broken = Readable.from(
    (async function* () {
      yield lines[0]
      throw new Error('the connection was lost')
    })(),
  )
  await assert.rejects(readLayers(broken), { message: 'the connection was lost' })
})

test('the cursor stays on a row that is there', async () => {
  const state = new ExploreState(await layers())
  typed(state, '\t+G')
  assert.equal(state.row, 5)
  typed(state, '\x1b[D')
  assert.equal(state.rows[state.row]?.node.name, 'cache')
  typed(state, '/nothing like it\r')
  assert.deepEqual([state.row, shown(state)], [0, []])
  typed(state, '\x1b[5~\x1b[6~ \r')
  assert.equal(state.row, 0)
})

test('every line of the screen fits, whatever the size of the terminal', async () => {
  for (const size of [
    { rows: 5, columns: 20 },
    { rows: 24, columns: 80 },
    { rows: 5, columns: 30 },
    { rows: 60, columns: 300 },
  ]) {
    const state = new ExploreState(await layers())
    for (const keys of ['', '+', '?', 'x/var', '\r\t']) {
      typed(state, keys)
      const drawn = draw(state, size).map(stripVTControlCharacters)
      assert.equal(drawn.length, size.rows)
      for (const line of drawn) assert.ok([...line].length <= size.columns, `${line.length}: ${line}`)
    }
  }
})

test('names of files cannot reach the terminal', () => {
  assert.equal(printable('a\x1b[31m"b\\c\u009b\u202e'), 'a\\u001b[31m"b\\c\\u009b\\u202e')
  assert.equal(modeText(0o104755), '-rwsr-xr-x')
  assert.equal(modeText(0o041777), 'drwxrwxrwt')
  assert.equal(modeText(0o102644), '-rw-r-Sr--')
  assert.equal(commandOf('COPY a  /b # buildkit'), 'COPY a /b')
})

test('keys are told apart however they arrive', () => {
  assert.deepEqual(keysOf('a\x1b[B\x1b[5~\x1bOA\x1b\tö'), [
    'a',
    '\x1b[B',
    '\x1b[5~',
    '\x1bOA',
    '\x1b',
    '\t',
    'ö',
  ])
})
