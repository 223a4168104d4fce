import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bestMatch, formatPlatform, parsePlatform, samePlatform } from './platform.ts'

const host = { os: 'linux', architecture: 'amd64' }

const spellings: [text: string, normal: string][] = [
  ['linux/amd64', 'linux/amd64'],
  ['Linux/x86_64', 'linux/amd64'],
  ['linux', 'linux/amd64'],
  ['arm64', 'linux/arm64'],
  ['aarch64', 'linux/arm64'],
  ['linux/arm64/v8', 'linux/arm64'],
  ['linux/arm', 'linux/arm/v7'],
  ['linux/arm/6', 'linux/arm/v6'],
  ['armhf', 'linux/arm/v7'],
  ['linux/i386', 'linux/386'],
]
for (const [text, normal] of spellings) {
  test(`platform ${text}`, () => assert.equal(formatPlatform(parsePlatform(text, host)), normal))
}

test('what is no platform is refused', () => {
  for (const text of ['', 'nope', 'linux/', 'linux/amd64/v1/x', 'linux/../etc', 'a b']) {
    assert.throws(() => parsePlatform(text, host), { kind: 'InvalidParameter' }, text)
  }
})

test('a machine takes its own platform first, then what it can run', () => {
  const offers = ['linux/arm64', 'linux/386', 'linux/amd64'].map((text) => parsePlatform(text))
  assert.equal(bestMatch(host, offers), 2)
  assert.equal(bestMatch(host, offers.slice(0, 2)), 1)
  assert.equal(bestMatch({ os: 'linux', architecture: 's390x' }, offers), -1)
  assert.equal(bestMatch(parsePlatform('linux/arm64'), [parsePlatform('linux/arm/v7')]), 0)
  assert.ok(samePlatform({ os: 'linux', architecture: 'arm64', variant: 'v8' }, parsePlatform('arm64')))
})
