import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { glob, readFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { dirname, resolve } from 'node:path'
import { test } from 'node:test'
import { generate } from '../packages/api/generate.ts'
import { generateTree } from '../packages/cli/generate.ts'
import { asynchronousNames, unawaitedReturns } from './unawaited-returns.ts'

const packages = new URL('../packages/', import.meta.url).pathname

/** What each package may import of the others (docs/architecture.md); `api:types` means `import type` only. */
const allowed: Record<string, string[]> = {
  errors: [],
  api: [],
  syscall: ['errors'],
  oci: ['errors'],
  archive: ['errors', 'oci', 'syscall'],
  store: ['errors', 'oci', 'syscall', 'archive'],
  runtime: ['errors', 'syscall'],
  network: ['errors', 'syscall', 'api:types'],
  volumes: ['errors', 'syscall'],
  dockerfile: ['errors'],
  build: ['errors', 'oci', 'dockerfile'],
  buildkit: ['errors'],
  engine: [
    'errors',
    'oci',
    'syscall',
    'archive',
    'store',
    'runtime',
    'network',
    'volumes',
    'build',
    'buildkit',
    'dockerfile',
    'api:types',
  ],
  daemon: ['errors', 'oci', 'syscall', 'archive', 'store', 'runtime', 'network', 'volumes', 'engine', 'api'],
  client: ['errors', 'api'],
  cli: ['errors', 'api', 'client', 'oci', 'dockerfile', 'buildkit'],
}

const importPattern =
  /^(?:import|export)\s+(type\s+)?[^'"]*?from\s+'([^']+)'|\bimport\('([^']+)'\)|^import '([^']+)'/gms

/** An exported function: a declaration, or a constant that is an arrow function. */
const exportedFunction =
  /^export (?:async )?(?:function\*? |const (?=\w+ = (?:async )?(?:<.*>)?\([^()]*(?:\([^()]*\)[^()]*)*\).* =>))(\w+)/gm

interface Import {
  file: string
  specifier: string
  typeOnly: boolean
}

async function importsOf(name: string): Promise<Import[]> {
  const found: Import[] = []
  for await (const file of glob('**/*.ts', { cwd: packages + name })) {
    if (/(\.test|-suite|testing[^/]*|generate[^/]*)\.ts$|testing\//.test(file)) continue
    const text = await readFile(`${packages}${name}/${file}`, 'utf8')
    for (const [, type, from, dynamic, bare] of text.matchAll(importPattern))
      found.push({ file, specifier: from ?? dynamic ?? bare ?? '', typeOnly: type !== undefined })
  }
  return found
}

for (const [name, permitted] of Object.entries(allowed)) {
  test(`${name} imports only what it may`, async () => {
    const wrong = (await importsOf(name)).filter(({ file, specifier, typeOnly }) => {
      const other = specifier.match(
        /^@gantry\/([^/]+?)(?:\/(?:shapes?|tar|files|duration|size|platform|device-number|node-http))?$/,
      )?.[1]
      if (other) return !permitted.includes(other) && !(typeOnly && permitted.includes(`${other}:types`))
      return specifier.startsWith('@gantry/') || escapes(name, file, specifier)
    })
    assert.deepEqual(wrong, [])
  })
}

test('a package declares the packages that it uses, and no others', async () => {
  for (const name of Object.keys(allowed)) {
    const { dependencies = {} } = JSON.parse(await readFile(`${packages}${name}/package.json`, 'utf8'))
    const used = (await importsOf(name))
      .map(({ specifier }) => specifier.match(/^@[^/]+\/[^/]+|^[^./@][^/]*/)?.[0])
      .filter((specifier) => specifier !== undefined && !specifier.startsWith('node:'))
    assert.deepEqual(Object.keys(dependencies).sort(), [...new Set(used)].sort(), name)
  }
})

/** Whether a relative import leaves the package's folder. */
function escapes(name: string, file: string, specifier: string): boolean {
  if (!specifier.startsWith('.')) return false
  return !resolve(packages, name, dirname(file), specifier).startsWith(`${packages}${name}/`)
}

test('the compiled command needs nothing but Node modules', async () => {
  const native = new Set(builtinModules.map((module) => `node:${module}`))
  for (const name of ['client', 'cli']) {
    const wrong = (await importsOf(name)).filter(
      ({ specifier }) =>
        !specifier.startsWith('.') && !specifier.startsWith('@gantry/') && !native.has(specifier),
    )
    assert.deepEqual(wrong, [])
  }
})

test('the generated API types are those of the document', async () => {
  for (const [name, text] of Object.entries(generate()))
    assert.equal(await readFile(`${packages}api/${name}`, 'utf8'), text, name)
})

test('the command tree is that of the commands and flags: scripts/node packages/cli/generate.ts writes it', async () => {
  assert.equal(await readFile(`${packages}cli/generated/tree.json`, 'utf8'), await generateTree())
})

test('an exported function has a comment that says what a caller must know', async () => {
  const root = new URL('..', import.meta.url).pathname
  const exclude = (path: string) => /node_modules|generated|\.test\.ts$/.test(path)
  const found: string[] = []
  for await (const file of glob('{packages,test,bench,scripts}/**/*.ts', { cwd: root, exclude })) {
    const text = await readFile(root + file, 'utf8')
    for (const { index, 1: name } of text.matchAll(exportedFunction))
      if (!text.slice(0, index).endsWith('*/\n')) found.push(`${file}: ${name}`)
  }
  assert.deepEqual(found, [], `put a comment right above it: ${found.join(', ')}`)
})

test('documents name files that are there', async () => {
  const root = new URL('..', import.meta.url).pathname
  const exclude = (path: string) => /node_modules|fixtures/.test(path)
  const all = await Array.fromAsync(glob('**/*.ts', { cwd: root, exclude }))
  const found: string[] = []
  for await (const file of glob('**/*.md', { cwd: root, exclude })) {
    const text = await readFile(root + file, 'utf8')
    for (const [, path = ''] of text.matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)/g))
      if (!existsSync(resolve(root, dirname(file), path))) found.push(`${file}: ${path}`)
    for (const [, path = ''] of text.matchAll(/`([\w./-]+\.ts)`/g))
      if (!all.some((each) => `/${each}`.endsWith(`/${path}`))) found.push(`${file}: ${path}`)
  }
  assert.deepEqual(found, [])
})

test('what is returned from behind a `using` is waited for first', async () => {
  const root = new URL('..', import.meta.url).pathname
  const exclude = (path: string) => path.includes('node_modules')
  const files = await Array.fromAsync(glob('{packages,test,bench,scripts}/**/*.ts', { cwd: root, exclude }))
  const texts = await Promise.all(files.map((file) => readFile(root + file, 'utf8')))
  const all = texts.flatMap(asynchronousNames).filter((name) => !name.startsWith('#'))
  const found = texts.flatMap((text, index) =>
    unawaitedReturns(text, new Set([...all, ...asynchronousNames(text)])).map(
      (line) => `${files[index]}:${line}`,
    ),
  )
  assert.deepEqual(found, [])

  const wrong = [
    'async function read(): Promise<string> {',
    '  await using file = await open()',
    '  if (file.empty) return await rest(file)',
    '  const later = () => {',
    '    return rest(file)',
    '  }',
    '  return rest(file, later)',
    '}',
  ]
  assert.deepEqual(unawaitedReturns(wrong.join('\n'), new Set(['rest'])), [7])
})
