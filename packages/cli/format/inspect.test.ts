import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { messageOf } from '@gantry/errors'
import { ExitError } from '../framework/command.ts'
import { inspectorFor } from './inspect.ts'
import { containerInspectType, volumeInspectType } from './schemas/index.ts'

interface Case {
  template: string
  stdout: string
  stderr: string
  exit: number
}

/** Recorded from `docker container inspect -f` (28.2.2): the first line is the container, then a case a line. */
const [first = '', ...lines] = readFileSync(
  new URL('fixtures/inspect-templates.jsonl', import.meta.url),
  'utf8',
)
  .trim()
  .split('\n')
const json = JSON.stringify((JSON.parse(first) as { container: unknown }).container)
const cases = lines.map((line) => JSON.parse(line) as Case)

function inspect(format: string): Omit<Case, 'template'> {
  try {
    const inspector = inspectorFor(format)
    let stderr = ''
    try {
      inspector.add({ json, type: containerInspectType })
    } catch (error) {
      stderr = `${messageOf(error)}\n`
    }
    return { stdout: inspector.text(), stderr, exit: stderr ? 1 : 0 }
  } catch (error) {
    assert.ok(error instanceof ExitError, `not a template error: ${error}`)
    return { stdout: '', stderr: `${error.message}\n`, exit: error.code }
  }
}

test('templates give what Docker gives', async (t) => {
  for (const { template, ...expected } of cases) {
    await t.test(template, () => assert.deepEqual(inspect(template), expected))
  }
})

test('a number keeps all its digits', () => {
  const inspector = inspectorFor('{{.Raw}} {{.Big}} {{json .Big}}')
  inspector.add({ json: '{"Raw":1e3,"Big":12345678901234567890}', type: containerInspectType })
  assert.equal(inspector.text(), '1e3 12345678901234567890 12345678901234567890\n')
})

test('objects are printed as they came', () => {
  const object = {
    json: '{"b":1.50,"a":{},"c":[],"d":["\\u003c"],\n "e":[1,{"f":null}]}',
    type: containerInspectType,
  }
  const indented = inspectorFor('')
  indented.add(object)
  assert.equal(
    indented.text(),
    `[
    {
        "b": 1.50,
        "a": {},
        "c": [],
        "d": [
            "\\u003c"
        ],
        "e": [
            1,
            {
                "f": null
            }
        ]
    }
]
`,
  )
  const compact = inspectorFor('json')
  compact.add(object)
  assert.equal(compact.text(), '[{"b":1.50,"a":{},"c":[],"d":["\\u003c"],"e":[1,{"f":null}]}]\n')
  assert.equal(inspectorFor('').text(), '[]\n')
})

test('volumes are printed by their type', () => {
  const inspector = inspectorFor('json')
  inspector.add({ json: '{"Name":"v","Driver":"local","Extra":1}', type: volumeInspectType, typedOnly: true })
  assert.equal(
    inspector.text(),
    '[{"Driver":"local","Labels":null,"Mountpoint":"","Name":"v","Options":null,"Scope":""}]\n',
  )
})
