import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { gemPackage } from './databases.ts'
import { goPackages } from './go-build-info.ts'

const modules = [
  'path\texample.com/app/cmd',
  'mod\texample.com/app\t(devel)\t',
  'dep\tgithub.com/a/b\tv1.2.3\th1:x=',
  'dep\tgolang.org/x/old\tv0.1.0\th1:x=',
  '=>\tgolang.org/x/new\tv0.2.0\th1:x=',
  'build\t-compiler=gc',
].join('\n')

/** An executable with nothing but that section. */
function program(text = modules): Buffer {
  const varint = (value: number): Buffer =>
    value < 0x80 ? Buffer.of(value) : Buffer.of((value & 0x7f) | 0x80, ...varint(value >> 7))
  const string = (value: string): Buffer => Buffer.concat([varint(value.length), Buffer.from(value)])
  const header = Buffer.alloc(32)
  header.write('\xff Go buildinf:', 'latin1')
  header.set([8, 2], 14)
  const info = Buffer.concat([
    header,
    string('go1.22.1'),
    string(`${'x'.repeat(16)}${text}${'y'.repeat(16)}`),
  ])
  const names = Buffer.from('\0.names\0.go.buildinfo\0')
  const sections = [
    [0, 0, 0],
    [1, 64, names.length],
    [8, 64 + names.length, info.length],
  ].map(([name = 0, offset = 0, size = 0]) => {
    const section = Buffer.alloc(64)
    section.writeUInt32LE(name)
    section.writeBigUInt64LE(BigInt(offset), 24)
    section.writeBigUInt64LE(BigInt(size), 32)
    return section
  })
  const head = Buffer.alloc(64)
  head.write('\x7fELF\x02\x01', 'latin1')
  head.writeBigUInt64LE(BigInt(64 + names.length + info.length), 40)
  for (const [at, value] of [
    [58, 64],
    [60, 3],
    [62, 1],
  ] as const)
    head.writeUInt16LE(value, at)
  return Buffer.concat([head, names, info, ...sections])
}

function packagesIn(bytes: Buffer): string[] {
  const directory = mkdtempSync('/tmp/gantry-go-')
  writeFileSync(`${directory}/program`, bytes)
  const file = openSync(`${directory}/program`, 'r')
  try {
    return goPackages(file, '/program').map(
      ({ namespace, name, version }) => `${namespace ?? ''} ${name} ${version}`,
    )
  } finally {
    closeSync(file)
    rmSync(directory, { recursive: true })
  }
}

test('executables of Go tell of their modules', () => {
  assert.deepEqual(packagesIn(program()), [
    ' stdlib 1.22.1',
    'example.com app ',
    'github.com/a b v1.2.3',
    'golang.org/x new v0.2.0',
  ])
  assert.deepEqual(packagesIn(Buffer.from('#!/bin/sh\n')), [])
})

test('damaged executables tell of less, and harm nobody', () => {
  const good = program()
  let state = 1
  const random = (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state % below
  }
  for (let round = 0; round < 120; round++) {
    const bad = Buffer.from(good.subarray(0, random(3) === 0 ? random(good.length) : good.length))
    for (let change = random(6); change > 0 && bad.length > 0; change--) bad[random(bad.length)] = random(256)
    assert.ok(packagesIn(bad).length < 1000)
  }
})

test('gems by their specifications', () => {
  const text =
    'Gem::Specification.new do |s|\n  s.name = "rake".freeze\n  s.version = "13.0.6"\n  s.licenses = ["MIT".freeze]\nend\n'
  assert.deepEqual(gemPackage(text, '/g'), [
    { type: 'gem', name: 'rake', version: '13.0.6', foundIn: '/g', license: 'MIT' },
  ])
  assert.deepEqual(gemPackage('s.name = name', '/g'), [])
})
