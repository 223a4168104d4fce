import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DockerfileProblem } from '@gantry/dockerfile'
import { KnownDockerfiles } from './known-dockerfiles.ts'

test('the Dockerfiles that were asked for last are read once', () => {
  const dockerfiles = new KnownDockerfiles()
  const read = (number: number) => dockerfiles.read(`FROM base\nRUN ${number}\n`)
  const first = read(0)
  for (let number = 1; number < 16; number++) read(number)
  assert.equal(read(0), first)
  for (let number = 16; number < 32; number++) read(number)
  assert.notEqual(read(0), first)
})

test('a long one is read each time', () => {
  const dockerfiles = new KnownDockerfiles()
  const text = `FROM base\nRUN ${'x'.repeat(40_000)}\n`
  assert.notEqual(dockerfiles.read(text), dockerfiles.read(text))
})

test('one that cannot be read is refused each time, and what is found in one is found again', () => {
  const dockerfiles = new KnownDockerfiles()
  for (let time = 0; time < 2; time++) {
    assert.throws(() => dockerfiles.read('FROM a\nNONSENSE\n'), DockerfileProblem)
    const { findings } = dockerfiles.read('FROM a\nMAINTAINER me\n')
    assert.deepEqual(
      findings.map(({ rule }) => rule),
      ['MaintainerDeprecated'],
    )
  }
})
