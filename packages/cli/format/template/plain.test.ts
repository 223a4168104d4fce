import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mapOf, stringType } from '../go/types.ts'
import { Template } from './index.ts'

const fields = new Map([
  ['A', 'a'],
  ['B', '<b>\t'],
  ['None', ''],
])
const value = { type: mapOf(stringType, stringType), data: fields }
const plain = (source: string): string | undefined =>
  new Template(source).plain((name) => fields.has(name))?.((name) => fields.get(name) ?? '')

test('texts, fields and questions for them are what the interpreter makes of them', () => {
  for (const source of [
    ...['', 'text', '{{.A}}', '{{ .A }}-{{.B}}\t{{.None}}.', 'x {{- .A -}} y', '{{/* nothing */}}{{.A}}'],
    ...['{{if .A}}{{.A}}{{end}}', '{{if .None }}{{.None}}{{else}}N/A{{end}}', '{{if .None}}x{{end}}'],
    '{{if .A}}{{if .None}}1{{else}}{{.B}}{{end}}{{else}}3{{end}}',
    '{{if .None}}1{{else if .A}}2{{else}}3{{end}}',
  ])
    assert.equal(plain(source), new Template(source).run(value), source)
})

test('anything else is left to the interpreter', () => {
  for (const source of [
    ...[
      '{{.Nope}}',
      '{{.A.B}}',
      '{{.}}',
      '{{json .A}}',
      '{{.A | upper}}',
      '{{$x := .A}}',
      '{{$}}',
      '{{"a"}}',
    ],
    ...[
      '{{with .A}}{{.}}{{end}}',
      '{{range .A}}{{end}}',
      '{{if eq .A "a"}}1{{end}}',
      '{{if .A}}{{.Nope}}{{end}}',
    ],
    '{{if .A}}1{{else}}{{json .}}{{end}}',
  ])
    assert.equal(plain(source), undefined, source)
})
