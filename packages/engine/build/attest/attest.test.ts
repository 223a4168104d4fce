import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BuildResult, CopyStep, ImageStep, RunStep } from '@gantry/build'
import { withoutUser } from '../urls.ts'
import { buildSteps } from './build-steps.ts'
import { isLicenseExpression } from './license-expression.ts'
import { attestOptions, leastProvenance } from './options.ts'
import { imageUrl, packageUrl } from './package-url.ts'
import type { ImagePackage } from './packages/package.ts'
import type { Scan } from './packages/scan.ts'
import { type BuildFacts, provenance } from './provenance.ts'
import { billOfMaterials } from './sbom.ts'
import { nestedJson, statement } from './statement.ts'

const platform = { os: 'linux', architecture: 'amd64' }
const digest = `sha256:${'a'.repeat(64)}` as const

test('what may be asked for', () => {
  assert.deepEqual(attestOptions({}), { provenance: null, sbom: false })
  assert.deepEqual(
    attestOptions({ provenance: 'mode=max,version=v1,builder-id=x,reproducible=true', sbom: '' }),
    {
      provenance: { mode: 'max', version: 'v1', builderId: 'x', reproducible: true, inlineOnly: false },
      sbom: true,
    },
  )
  assert.deepEqual(attestOptions({ provenance: 'false', sbom: 'disabled=true' }), {
    provenance: null,
    sbom: false,
  })
  for (const word of ['', '1', 't', 'True']) assert.equal(attestOptions({ sbom: word }).sbom, true, word)
  for (const word of ['0', 'F', 'disabled=1']) assert.equal(attestOptions({ sbom: word }).sbom, false, word)
  assert.equal(attestOptions({ provenance: 'reproducible=1' }).provenance?.reproducible, true)
  // As buildx sends them: with the type once more, and fields in quotes where that is needed.
  const sent = { provenance: 'type=provenance,mode=max,"builder-id=a,""b"""', sbom: 'type=sbom' }
  assert.deepEqual(attestOptions(sent), {
    provenance: { mode: 'max', version: 'v0.2', builderId: 'a,"b"', reproducible: false, inlineOnly: false },
    sbom: true,
  })
  assert.equal(attestOptions({ provenance: 'type=provenance,disabled=true' }).provenance, null)
  const bad: [Record<string, string>, RegExp][] = [
    [{ provenance: 'type=sbom' }, /attestation provenance is of type "sbom"/],
    [{ provenance: 'reproducible=maybe' }, /invalid value "maybe" of attestation parameter reproducible/],
    [{ what: '' }, /unsupported attestation type "what"/],
    [{ provenance: 'mode=mid' }, /invalid provenance mode "mid"/],
    [{ provenance: 'version=2' }, /invalid provenance version/],
    [{ provenance: 'x=y' }, /unknown provenance parameter "x"/],
    [{ sbom: 'generator=image' }, /the scanner is built in/],
    [{ sbom: 'yes' }, /invalid attestation parameter "yes"/],
  ]
  for (const [attests, expected] of bad) assert.throws(() => attestOptions(attests), expected)
})

test('package URLs', () => {
  assert.equal(imageUrl('alpine:3.17', { ...platform }), 'pkg:docker/alpine@3.17?platform=linux%2Famd64')
  assert.equal(
    imageUrl(`ghcr.io/a/b@${digest}`, { os: 'linux', architecture: 'arm', variant: 'v7' }),
    `pkg:docker/ghcr.io/a/b?digest=${digest}&platform=linux%2Farm%2Fv7`,
  )
  assert.equal(
    packageUrl({
      type: 'npm',
      namespace: '@a',
      name: 'b',
      version: '1+2',
      qualifiers: { x: '', arch: 'a b' },
    }),
    'pkg:npm/%40a/b@1%2B2?arch=a%20b',
  )
  assert.equal(withoutUser('https://ann:secret@example.org/x'), 'https://example.org/x')
  assert.ok(!withoutUser('ann://x:secret@[bad/y').includes('secret'))
})

const lines = { first: 1, last: 1 }
const base: ImageStep = {
  kind: 'image',
  name: '',
  description: '',
  stage: '',
  lines,
  platform,
  reference: 'busybox',
  shown: 'busybox',
}
const run: RunStep = {
  kind: 'run',
  name: '',
  description: '',
  stage: '',
  lines: { first: 2, last: 3 },
  platform,
  input: base,
  args: ['/bin/sh', '-c', 'make'],
  env: ['PATH=/bin', 'ARG=value'],
  proxies: ['http_proxy=http://u:hidden@proxy'],
  user: '',
  workingDir: '/',
  mounts: [{ type: 'secret', id: 'token', readonly: true, required: true }] as unknown as RunStep['mounts'],
  network: 'default',
  security: 'sandbox',
}
const copy: CopyStep = {
  kind: 'copy',
  name: '',
  description: '',
  stage: '',
  lines,
  platform,
  input: null,
  copies: [{ origin: { kind: 'snapshot', step: run }, sources: ['/out'], unpack: false }],
  dest: '/',
  link: false,
  parents: false,
  exclude: [],
}
const result = { step: copy, bases: new Map([[base, digest]]), platform } as unknown as BuildResult
const facts: BuildFacts = {
  id: 'id',
  started: new Date(0),
  finished: new Date(1000),
  dockerfileName: 'Dockerfile',
  dockerfile: 'FROM busybox\n',
  args: { 'build-arg:ARG': 'value', target: 'last' },
  materials: [{ uri: 'https://example.org/x', digest: { sha256: 'b' } }],
  locals: ['context'],
  repository: { revision: 'abc' },
}

test('provenance of either version; arguments and steps only when all is to be told, secrets never', () => {
  const least = JSON.stringify(provenance(facts, result, leastProvenance).value)
  assert.ok(!least.includes('value') && least.includes('"target":"last"') && !least.includes('step0'))
  const { type, value } = provenance(facts, result, { ...leastProvenance, mode: 'max' })
  assert.equal(type, 'https://slsa.dev/provenance/v0.2')
  const told = value as Record<string, unknown>
  assert.deepEqual(told.materials, [
    { uri: 'pkg:docker/busybox@latest?platform=linux%2Famd64', digest: { sha256: 'a'.repeat(64) } },
    { uri: 'https://example.org/x', digest: { sha256: 'b' } },
  ])
  const { llbDefinition } = told.buildConfig as { llbDefinition: { id: string; inputs?: string[] }[] }
  assert.deepEqual(
    llbDefinition.map(({ id, inputs }) => [id, inputs]),
    [
      ['step0', undefined],
      ['step1', ['step0:0']],
      ['step2', ['step1:0']],
    ],
  )
  const text = JSON.stringify(value)
  assert.ok(text.includes('"secrets":[{"id":"token"}]') && !text.includes('hidden'))
  const v1 = provenance(facts, result, { ...leastProvenance, version: 'v1' })
  assert.equal(v1.type, 'https://slsa.dev/provenance/v1')
  const { runDetails } = v1.value as { runDetails: { metadata: Record<string, unknown> } }
  assert.equal(runDetails.metadata.buildkit_hermetic, false)
  assert.deepEqual(runDetails.metadata.buildkit_metadata, { vcs: { revision: 'abc' } })
})

test('steps in the shape of the low-level definition: inputs by their numbers, one action for each source', () => {
  const mount = { readonly: false }
  const layout: ImageStep = { ...base, reference: 'gantry.invalid/layout/x:latest' }
  const again: ImageStep = { ...base, lines: { first: 9, last: 9 } }
  const busy: RunStep = {
    ...run,
    env: ['HTTPS_PROXY=http://me:hidden@proxy:1', 'A=b=c'],
    mounts: [
      { ...mount, type: 'bind', target: '/m', source: '/s', origin: { kind: 'context', name: 'context' } },
      { ...mount, type: 'cache', target: '/c', sharing: 'locked' },
      { ...mount, type: 'secret', target: '/run/secrets/key', mode: '0440' },
      { ...mount, type: 'secret', id: 'key', env: 'KEY', required: true },
      { ...mount, type: 'ssh' },
    ],
    network: 'none',
  }
  const documents = [{ name: 'f', content: 'text', expand: true, chomp: false, descriptor: '' }]
  const all: CopyStep = {
    ...copy,
    input: busy,
    chown: 'user:7',
    chmod: '0644',
    copies: [
      { origin: { kind: 'context', name: 'context' }, sources: ['a', 'b'], unpack: true },
      { origin: { kind: 'snapshot', step: layout }, sources: ['/c'], unpack: false },
      { origin: { kind: 'snapshot', step: again }, sources: ['/d'], unpack: false },
      { origin: { kind: 'http', url: 'https://me:hidden@example.org/x' }, sources: ['x'], unpack: false },
      { origin: { kind: 'documents', documents }, sources: ['f'], unpack: false },
      { origin: { kind: 'documents', documents: [] }, sources: ['/'], unpack: false },
    ],
  }
  const bases = new Map([
    [base, digest],
    [again, digest],
    [layout, digest],
  ])
  const { definition, secrets, ssh, hermetic, source } = buildSteps(
    { step: all, bases },
    { dockerfile: '', dockerfileName: 'Dockerfile' },
  )
  assert.ok(!JSON.stringify(definition).includes('hidden'))
  assert.deepEqual([secrets, ssh, hermetic], [[{ id: 'key' }], [{ id: 'default', optional: true }], true])
  const operations = definition as { id: string; op: { Op: Record<string, object> }; inputs?: string[] }[]
  assert.deepEqual(
    operations.map(({ id, inputs = [], op }) => [id, ...inputs, op.Op.source ?? Object.keys(op.Op)[0]]),
    [
      ['step0', { identifier: `docker-image://docker.io/library/busybox:latest@${digest}` }],
      ['step1', { identifier: 'local://context' }],
      ['step2', 'step0:0', 'step1:0', 'exec'],
      ['step3', { identifier: `oci-layout://${digest}` }],
      ['step4', { identifier: 'https://example.org/x' }],
      ['step5', 'file'],
      ['step6', 'step2:0', 'step1:0', 'step3:0', 'step0:0', 'step4:0', 'step5:0', 'file'],
    ],
  )
  assert.deepEqual(
    Object.keys((source as { locations: object }).locations),
    operations.map(({ id }) => id),
  )
  assert.deepEqual(operations[2]?.op.Op.exec, {
    meta: { args: run.args, env: ['HTTPS_PROXY=http://proxy:1/', 'A=b=c'], cwd: '/' },
    mounts: [
      { dest: '/' },
      { input: 1, selector: '/s', dest: '/m', output: -1 },
      { input: -1, dest: '/c', output: -1, mountType: 3, cacheOpt: { ID: '/c', sharing: 2 } },
      {
        input: -1,
        dest: '/run/secrets/key',
        output: -1,
        mountType: 1,
        secretOpt: { ID: 'key', mode: 0o440, optional: true },
      },
      { input: -1, output: -1, mountType: 2, SSHOpt: { ID: 'default', optional: true } },
    ],
    network: 2,
    secretenv: [{ ID: 'key', name: 'KEY' }],
  })
  const { actions } = (operations[6]?.op.Op.file ?? {}) as {
    actions: { input: number; secondaryInput: number; output: number; Action: { copy: { src: string } } }[]
  }
  assert.deepEqual(
    actions.map(({ input, secondaryInput, output, Action }) => [
      input,
      secondaryInput,
      output,
      Action.copy.src,
    ]),
    [
      [0, 1, -1, '/a'],
      [6, 1, -1, '/b'],
      [7, 2, -1, '/c'],
      [8, 3, -1, '/d'],
      [9, 4, -1, '/x'],
      [10, 5, -1, '/f'],
      [11, -1, 0, '/'],
    ],
  )
  assert.deepEqual(actions[0]?.Action.copy, {
    src: '/a',
    dest: '/',
    owner: { user: { User: { byName: { name: 'user' } } }, group: { User: { byId: 7 } } },
    mode: 0o644,
    followSymlink: true,
    dirCopyContents: true,
    attemptUnpackDockerCompatibility: true,
    createDestPath: true,
    allowWildcard: true,
    allowEmptyWildcard: true,
    timestamp: -1,
  })
})

test('a bill of materials: each package once, the same for the same image', () => {
  const musl = { type: 'apk', name: 'musl', version: '1', license: 'MIT', foundIn: '/a' }
  const scan: Scan = {
    distribution: { id: 'alpine', version: '3' },
    packages: [
      musl,
      { ...musl, foundIn: '/b' },
      musl,
      { type: 'npm', name: 'x', version: '2', license: 'odd', supplier: 'X <x@example.org>', foundIn: '/c' },
    ],
    gaps: ['/x was not read'],
  }
  const { packages, relationships, creationInfo, comment } = bill(scan)
  assert.equal(creationInfo.created, '2020-01-01T00:00:00Z')
  assert.equal(comment, '/x was not read')
  assert.deepEqual(
    packages.map(({ name, licenseDeclared, sourceInfo, supplier }) => [
      name,
      licenseDeclared,
      sourceInfo,
      supplier,
    ]),
    [
      ['_', 'NOASSERTION', undefined, undefined],
      ['musl', 'MIT', 'acquired package info from APK DB: /a, /b', 'NOASSERTION'],
      [
        'x',
        'NOASSERTION',
        'acquired package info from installed node module manifest file: /c',
        'Person: X (x@example.org)',
      ],
    ],
  )
  assert.equal(relationships.length, 3)
  assert.deepEqual(bill(scan), bill(scan))
})

test('packages of distributions are called by them', () => {
  const locators = (id: string, found: Partial<ImagePackage>): unknown[] => {
    const packages = [{ type: 'rpm', name: 'a', version: '1-2', foundIn: '/p', ...found }]
    return bill({ distribution: { id, version: '9' }, packages, gaps: [] })
      .packages.slice(1)
      .flatMap(({ versionInfo, externalRefs }) => [versionInfo, externalRefs[0]?.referenceLocator])
  }
  const full = { epoch: '0', architecture: 'noarch', source: 'b-1-2.src.rpm' }
  assert.deepEqual(locators('fedora', full), [
    '0:1-2',
    'pkg:rpm/fedora/a@1-2?arch=noarch&distro=fedora-9&epoch=0&upstream=b-1-2.src.rpm',
  ])
  assert.deepEqual(locators('rhel', {}), ['1-2', 'pkg:rpm/redhat/a@1-2?distro=rhel-9'])
  assert.deepEqual(locators('opensuse-leap', {}), ['1-2', 'pkg:rpm/opensuse/a@1-2?distro=opensuse-leap-9'])
  assert.deepEqual(locators('ubuntu', { type: 'deb' }), ['1-2', 'pkg:deb/ubuntu/a@1-2?distro=ubuntu-9'])
  assert.deepEqual(locators('ubuntu', { type: 'npm' }), ['1-2', 'pkg:npm/a@1-2'])
})

test('statements are the same JSON whether they are made of values or of texts', () => {
  const predicate = { a: [{ b: '\n' }], c: {} }
  const subjects = [{ name: 'x', digest: { sha256: 'y' } }]
  const whole = {
    _type: 'https://in-toto.io/Statement/v0.1',
    predicateType: 't',
    subject: subjects,
    predicate,
  }
  for (const indent of [0, 2] as const) {
    const text = nestedJson(predicate, indent)
    assert.equal(
      statement({ type: 't', text }, nestedJson(subjects, indent), indent),
      JSON.stringify(whole, null, indent),
    )
  }
})

test('licences: expressions of what SPDX knows, and nothing else', () => {
  for (const good of [
    'MIT',
    'GPL-2.0-or-later AND (MIT OR (BSD-3-Clause))',
    'GPL-3.0-only WITH GCC-exception-3.1 AND ISC',
  ])
    assert.ok(isLicenseExpression(good), good)
  for (const bad of ['', 'GPLv2+', 'MIT AND', '(MIT', 'MIT)', 'MIT ISC', 'MIT WITH ISC', 'and', '()'])
    assert.ok(!isLicenseExpression(bad), bad)
})

interface Document {
  comment?: string
  creationInfo: { created: string }
  packages: (Record<string, unknown> & { externalRefs: { referenceLocator: string }[] })[]
  relationships: object[]
}

const bill = (scan: Scan): Document =>
  billOfMaterials(scan, {
    name: '_',
    digest: 'd',
    created: '2020-01-01T00:00:00.123Z',
    toolVersion: '1',
  }) as Document
