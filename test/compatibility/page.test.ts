import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fieldsOf, type Observation } from './observation.ts'
import { render, report } from './page.ts'
import { type Endpoint, endpoints, fieldPattern, pathPattern } from './reference.ts'

const root = new URL('../..', import.meta.url).pathname

const observation = (from: Partial<Observation>): Observation => ({
  test: 'a.test.ts › a',
  method: 'GET',
  path: '/things/x/json',
  status: 200,
  query: [],
  body: [],
  answer: [],
  ...from,
})

const things: Endpoint = {
  id: 'Things',
  method: 'GET',
  path: '/things/{id}/json',
  tag: 'Thing',
  query: ['size'],
  body: [],
  answer: ['Labels.*', 'Mounts[].Name'],
}

test('fields of a document and of a stream of documents', () => {
  assert.deepEqual(fieldsOf('{"a":{"b":[{"c":1},{"d":null}]},"e":[]}'), ['a.b[]', 'a.b[].c'])
  assert.deepEqual(fieldsOf('{"a":1}\n{"b":2}\n'), ['a', 'b'])
  assert.deepEqual(fieldsOf('no JSON'), [])
})

test('patterns of paths and fields', () => {
  const image = { ...things, path: '/images/{name}/json' }
  assert.match('/images/library/busybox/json', pathPattern(image))
  assert.doesNotMatch('/things/a/b/json', pathPattern(things))
  assert.match('Labels.com.example', fieldPattern('Labels.*'))
  assert.match('Binds[]', fieldPattern('Binds'))
  assert.doesNotMatch('Binds2', fieldPattern('Binds'))
})

test('the test that says the least besides is named, and a gap is told', () => {
  const seen = [
    observation({ test: 'both', query: ['size', 'all'], answer: ['Labels.a'] }),
    observation({ test: 'one', query: ['size'] }),
    observation({ test: 'failed', status: 500, answer: ['Mounts[].Name'] }),
    observation({ test: '', answer: ['Mounts[].Name'] }),
  ]
  const [{ rows } = { rows: [] }] = report([things], seen)
  assert.deepEqual(
    rows.map(({ test }) => test),
    ['one', 'one', 'both', null],
  )
  assert.match(render(report([things], seen)), /`answer Mounts\[\]\.Name`\s*\| \*\*none\*\*/)
  const windows = { ...things, answer: ['Platform.os.version'] }
  assert.match(render(report([windows], seen)), /version`\s*\| \*none: Windows\*/)
})

test('the page tells of every endpoint, and names tests that exist', () => {
  const page = readFileSync(`${root}docs/compatibility.md`, 'utf8')
  for (const { method, path } of endpoints())
    assert.ok(page.includes(`\`${method} ${path}\``), `${method} ${path}`)
  const files = new Set([...page.matchAll(/(test\/[\w./-]+\.test\.ts) ›/g)].map(([, file]) => file))
  assert.ok(files.size > 0)
  for (const file of files) assert.ok(existsSync(root + file), `${file} is gone: run npm run compatibility`)
})

test('no suite runs tests beside each other while it is recorded which one asks', () => {
  for (const file of globSync(`${root}test/{e2e,golden}/**/*.ts`))
    assert.doesNotMatch(readFileSync(file, 'utf8'), /concurrency: [2-9]/, `${file}: use atOnce()`)
})
