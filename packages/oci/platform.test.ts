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
  ['windows(10.0.17763)/amd64', 'windows/amd64'],
]
for (const [text, normal] of spellings) {
  test(`platform ${text}`, () => assert.equal(formatPlatform(parsePlatform(text, host)), normal))
}

test('what is no platform is refused', () => {
  for (const [text, reason] of [
    ['nope', '"nope": unknown operating system or architecture'],
    ['linux/amd64/v1/x', '"linux/amd64/v1/x": cannot parse platform specifier'],
    ['linux/../etc', '"linux/../etc": cannot parse platform specifier'],
    [
      'linux/a//b',
      '"" is an invalid component of "linux/a//b": platform specifier component must match "^[A-Za-z0-9_.-]+$"',
    ],
    [
      '',
      '"" is an invalid OS component of "": OSAndVersion specifier component must match "^([A-Za-z0-9_-]+)(?:\\\\(([A-Za-z0-9_.-]*)\\\\))?$"',
    ],
  ] as const) {
    const expected = { kind: 'InvalidParameter', message: `${reason}: invalid argument` }
    assert.throws(() => parsePlatform(text, host), expected, text)
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
