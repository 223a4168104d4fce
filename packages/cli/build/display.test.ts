import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { widthOf } from '../format/columns.ts'
import { type DisplayOptions, openDisplay } from './display.ts'
import type { BuildEvent } from './progress.ts'
import { renderView, type ViewStep } from './view.ts'

const step = (name: string, changes: Partial<ViewStep> = {}): ViewStep => ({
  name,
  started: 0,
  last: [],
  transfers: new Map(),
  ...changes,
})
const options = { columns: 40, rows: 24, now: 2000, started: 0, color: false }

test('what runs has its time and its last words, what has ended a line', () => {
  const steps = [
    step('[1/3] FROM busybox', { ended: 100, outcome: 'cached' }),
    step('[2/3] RUN make everything that there is to be made', {
      last: ['one', '\u001b[31mtwo\u001b[2Jthree\tfour\r'],
      transfers: new Map([['layer', '1MB / 2MB']]),
    }),
    step('[3/3] RUN x', { started: 500, ended: 1700, outcome: 'failed' }),
  ]
  assert.deepEqual(renderView(steps, options), [
    '[+] Building 2.0s (2/3)',
    ' => CACHED [1/3] FROM busybox       0.1s',
    ' => [2/3] RUN make everything th... 2.0s',
    ' => => layer                   1MB / 2MB',
    ' => => # one',
    ' => => # twothree    four',
    ' => ERROR [3/3] RUN x               1.2s',
  ])
  const finished = renderView(steps, { ...options, finished: true })
  assert.equal(finished[0], '[+] Building 2.0s (2/3) FINISHED')
  assert.equal(finished.length, 4)
  const colored = renderView(steps, { ...options, color: true })
  assert.ok(colored[1]?.startsWith('\u001b[34m') && colored[1].endsWith('\u001b[0m'))
  assert.ok(colored.at(-1)?.startsWith('\u001b[31m'))
})

test('lines are as wide as their characters are drawn, and show what was written last', () => {
  const steps = [
    step('[1/2] RUN echo 漢字漢字漢字漢字漢字漢字', { last: ['漢字'.repeat(20), '10%\r20%\r30%\r'] }),
    step('[2/2] RUN \u001b]0;title\u0007echo 漢字', { ended: 100, outcome: 'done' }),
  ]
  const lines = renderView(steps, options)
  assert.deepEqual(
    lines.map((line) => widthOf(line)),
    [23, 40, 39, 12, 40],
  )
  assert.equal(lines[1], ' => [1/2] RUN echo 漢字漢字漢字...  2.0s')
  assert.equal(lines[3], ' => => # 30%')
  assert.equal(lines[4], ' => [2/2] RUN echo 漢字             0.1s')
})

test('it fits in the terminal, whatever its size: output goes first, then what has ended', () => {
  const steps = Array.from({ length: 30 }, (_, index) =>
    step(`step ${index}`, index < 28 ? { ended: 1, outcome: 'done' } : { last: ['a', 'b', 'c'] }),
  )
  for (const rows of [1, 2, 5, 10, 40])
    for (const columns of [1, 5, 20, 200]) {
      const lines = renderView(steps, { ...options, rows, columns })
      assert.ok(lines.length <= Math.max(rows - 1, 1), `${rows} rows: ${lines.length}`)
      assert.ok(lines.every((line) => line.length <= columns))
    }
  assert.match(renderView(steps, { ...options, rows: 6 }).join('\n'), /step 28 [\s\S]*step 29 /)
})

const events: BuildEvent[] = [
  { type: 'step', id: 1_000_005, name: '[1/2] FROM a', started: '2020-01-01T00:00:00Z' },
  { type: 'end', id: 1_000_005, cached: true },
  { type: 'step', id: 2, name: '[2/2] RUN x', started: '2020-01-01T00:00:00Z' },
  { type: 'log', id: 2, stream: 'stderr', data: { data: [...Buffer.from('words\n')] } },
  { type: 'end', id: 2, cached: false, error: 'no' },
]

async function shown(changes: Partial<DisplayOptions>, terminal = false): Promise<string> {
  let text = ''
  const write = (more: string): void => {
    text += more
  }
  const output = { write, isTTY: terminal, columns: 60, rows: 20 } as never
  const display = await openDisplay(output, {
    progress: '',
    quiet: false,
    explain: false,
    env: {},
    ...changes,
  })
  for (const event of events) display.show(event)
  display.close()
  display.report()
  return text
}

test('plain lines: steps are numbered as they begin', async () => {
  const text = await shown({})
  assert.match(text, /^#1 \[1\/2\] FROM a\n#1 CACHED\n\n#2 \[2\/2\] RUN x\n#2 \d\.\d+ words\n#2 ERROR: no\n/)
  assert.match(text, /------\n > \[2\/2\] RUN x:\n\d\.\d+ words\n------\n$/)
})

test('a terminal gets the view, and the last words of what failed', async () => {
  const text = stripVTControlCharacters(await shown({}, true))
  assert.match(text, /\[\+\] Building \d\.\ds \(2\/2\) FINISHED/)
  assert.match(text, / => ERROR \[2\/2\] RUN x +\d\.\ds/)
  assert.match(text, /------\n > \[2\/2\] RUN x:\nwords\n------\n$/)
  assert.ok(!(await shown({ env: { NO_COLOR: '1' } }, true)).includes('\u001b[31m'))
  assert.match(await shown({ env: { BUILDKIT_PROGRESS: 'plain' } }, true), /^#1 /)
})

test('JSON, nothing, and ways that are none', async () => {
  const lines = (await shown({ progress: 'rawjson' }))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.equal(lines[0].vertexes[0].name, '[1/2] FROM a')
  assert.equal(lines[1].vertexes[0].cached, true)
  assert.equal(Buffer.from(lines[3].logs[0].data, 'base64').toString(), 'words\n')
  assert.equal(lines[3].logs[0].vertex, lines[4].vertexes[0].digest)
  assert.equal(lines[4].vertexes[0].error, 'no')
  const lastWords = /^------\n > \[2\/2\] RUN x:\n\S+ words\n------\n$/
  assert.match(await shown({ progress: 'quiet' }), lastWords)
  assert.match(await shown({ quiet: true, progress: 'plain' }), lastWords)
  await assert.rejects(shown({ progress: 'tty' }), /needs a terminal/)
  await assert.rejects(shown({ progress: 'loud' }), /choose auto, plain, tty, rawjson or quiet/)
})

test('characters that come in pieces are shown whole, those of each stream apart', async () => {
  const bytes = [...Buffer.from('a€b\n')]
  const log = (stream: 'stdout' | 'stderr', data: number[]): BuildEvent => ({
    type: 'log',
    id: 1,
    stream,
    data: { data },
  })
  const told: string[] = []
  const display = await openDisplay({ write: (text: string) => told.push(text) } as never, {
    progress: 'plain',
    quiet: false,
    explain: false,
    env: {},
  })
  display.show({ type: 'step', id: 1, name: 'x', started: '' })
  display.show(log('stdout', bytes.slice(0, 2)))
  display.show(log('stderr', [...Buffer.from('-')]))
  display.show(log('stdout', bytes.slice(2)))
  assert.match(told.join(''), /a-€b\n/)
})

test('a quiet build tells nothing but the last words of the step that failed', async () => {
  const told: string[] = []
  const display = await openDisplay({ write: (text: string) => told.push(text) } as never, {
    progress: '',
    quiet: true,
    explain: false,
    env: {},
  })
  display.show({ type: 'step', id: 1, name: '[2/2] RUN x', started: '' })
  display.show({ type: 'log', id: 1, stream: 'stdout', data: { data: [...Buffer.from('last words\n')] } })
  display.show({ type: 'end', id: 1, cached: false, error: 'it failed' })
  display.close()
  assert.deepEqual(told, [])
  display.report()
  assert.match(told.join(''), / > \[2\/2\] RUN x:\n.* last words\n/)
})
