import assert from 'node:assert/strict'
import { test } from 'node:test'
import { untyped } from '../go/json.ts'
import { Template, TemplateError } from './index.ts'

/** A small generator of its own, so that a failure can be repeated from its seed. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 1103515245 + 12345) & 0x7fffffff
    return (state >> 8) % below
  }
}

const pieces = [
  ...[
    '{{',
    '}}',
    '{{-',
    '-}}',
    ' ',
    ' -}}',
    '{{- ',
    '.',
    '.A',
    '.L',
    '.M.x',
    '$',
    '$x',
    ':=',
    '=',
    ',',
    '|',
    '(',
    ')',
  ],
  ...[
    'if',
    'else',
    'end',
    'range',
    'with',
    'define',
    'template',
    'block',
    'break',
    'continue',
    '"t"',
    '`r`',
    "'c'",
  ],
  ...[
    '{{if .A}}',
    '{{else}}',
    '{{end}}',
    '{{range .L}}',
    '{{with .M}}',
    '{{define "t"}}',
    '{{template "t" .}}',
  ],
  ...[
    '1',
    '-1',
    '1.5',
    '0x',
    '99999999999999999999',
    'true',
    'nil',
    'text',
    '\n',
    '/*',
    '*/',
    '\\',
    '"',
    '`',
    "'",
  ],
  ...[
    'len',
    'index',
    'slice',
    'printf',
    '"%d %s %v %5.2f %*d %[2]q"',
    'eq',
    'lt',
    'and',
    'or',
    'not',
    'json',
    'join',
  ],
  ...[
    'split',
    'pad',
    'truncate',
    'upper',
    'title',
    'html',
    'js',
    'urlquery',
    'call',
    'print',
    'println',
    '\0',
    'é',
    '😀',
  ],
]

const data = untyped({ A: 'a', L: [1, 'b', null, [2]], M: { x: { y: null }, z: true } })

test('whatever the template is: text or a template error', () => {
  for (let seed = 1; seed <= 20_000; seed++) {
    const random = randomFrom(seed)
    let source = ''
    for (let length = 1 + random(14); length > 0; length--) {
      source += (random(3) === 0 ? ' ' : '') + pieces[random(pieces.length)]
    }
    attempt(source)
    attempt(`{{${source}}}`)
  }
})

function attempt(source: string): void {
  try {
    new Template(source).run(data, { missingKeyIsError: source.length % 2 === 0 })
  } catch (error) {
    assert.ok(error instanceof TemplateError, `${JSON.stringify(source)}: ${error}`)
  }
}

test('deep nesting is refused, not a stack overflow', () => {
  for (const source of [
    `{{${'('.repeat(100_000)}`,
    `{{${'('.repeat(100_000)}1${')'.repeat(100_000)}}}`,
    `${'{{if 1}}'.repeat(100_000)}`,
    `${'{{if 1}}'.repeat(50_000)}${'{{end}}'.repeat(50_000)}`,
    '{{define "t"}}{{template "t"}}{{end}}{{template "t"}}',
    '{{define "t"}}{{template "t" .}}{{template "t" .}}{{end}}{{template "t"}}',
  ]) {
    assert.throws(() => new Template(source).run(data), TemplateError)
  }
})

test('huge widths do not fill the memory', () => {
  assert.throws(() => new Template('{{pad "x" 999999999999 1}}').run(data), TemplateError)
  assert.ok(new Template('{{printf "%999999999d" 1}}').run(data).length < 100)
  assert.ok(new Template('{{printf "%.999999999f" 1.5}}').run(data).length < 2000)
})
