import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDockerfile } from '@gantry/dockerfile'
import type { ImageConfigFile, Platform } from '@gantry/oci'
import { KnownPlans } from './known-plans.ts'
import type { NamedContext } from './named-contexts.ts'
import type { Plan, PlanOptions } from './planner.ts'

const amd64: Platform = { os: 'linux', architecture: 'amd64' }
const image = (Env: string[] = []): ImageConfigFile => ({
  ...amd64,
  config: { Env },
  diffIds: [],
  history: [],
})

/** The variables of a stage, but for the PATH that each has. */
const variablesOf = ({ target }: Plan): string[] =>
  (target.config.Env ?? []).filter((variable) => !variable.startsWith('PATH='))

/** Plans of one Dockerfile, in a world that tests change. */
function planner(text: string) {
  const plans = new KnownPlans(parseDockerfile(text))
  const world = {
    images: new Map<string, ImageConfigFile>([['base', image()]]),
    contexts: new Map<string, NamedContext>(),
    ignored: new Set<string>(),
  }
  const plan = (options: Partial<PlanOptions> = {}) =>
    plans.plan(
      { args: new Map(), platform: amd64, host: amd64, network: 'default', ...options },
      {
        imageConfig: async (reference) => {
          const config = world.images.get(reference)
          if (!config) throw new Error(`no ${reference}`)
          return config
        },
        namedContext: (name) => world.contexts.get(name) ?? null,
      },
    )
  const ignores = (path: string): boolean => world.ignored.has(path)
  return { world, plan, ignores }
}

test('a plan is known again as long as all that it asked gets the same answers', async () => {
  const { plan, ignores } = planner('FROM base\nCOPY f /\nRUN x\n')
  assert.equal(await plan({ ignores }), await plan({ ignores }))
})

test('another base image is planned for anew', async () => {
  const { world, plan } = planner('FROM base\nRUN echo $X\n')
  const first = await plan()
  world.images.set('base', image(['X=1']))
  const second = await plan()
  assert.notEqual(second, first)
  assert.deepEqual(variablesOf(second), ['X=1'])
})

test('an image that cannot be had any more ends the plan', async () => {
  const { world, plan } = planner('FROM base\n')
  await plan()
  world.images.delete('base')
  await assert.rejects(plan(), /no base/)
})

test('what the ignore file takes out is found although the plan is known', async () => {
  const { world, plan, ignores } = planner('FROM base\nCOPY f /\n')
  assert.deepEqual((await plan()).findings, [])
  assert.deepEqual((await plan({ ignores })).findings, [])
  world.ignored.add('f')
  assert.deepEqual(
    (await plan({ ignores })).findings.map(({ rule }) => rule),
    ['CopyIgnoredFile'],
  )
})

test('a named context that has come, changed or gone counts', async () => {
  const { world, plan } = planner('FROM base\n')
  world.images.set('one', image(['X=1'])).set('two', image(['X=2']))
  const variables = async () => variablesOf(await plan())
  assert.deepEqual(await variables(), [])
  world.contexts.set('base', { reference: 'one', shown: 'one' })
  assert.deepEqual(await variables(), ['X=1'])
  world.contexts.set('base', { reference: 'two', shown: 'two' })
  assert.deepEqual(await variables(), ['X=2'])
  world.contexts.clear()
  assert.deepEqual(await variables(), [])
})

test('each option makes a plan of its own', async () => {
  const { plan } = planner('ARG A=0\nFROM base AS one\nARG A\nENV X=$A\nFROM one AS two\nENV Y=1\n')
  const variables = async (options: Partial<PlanOptions>) => variablesOf(await plan(options))
  assert.deepEqual(await variables({}), ['X=0', 'Y=1'])
  assert.deepEqual(await variables({ args: new Map([['A', '5']]) }), ['X=5', 'Y=1'])
  assert.deepEqual(await variables({ target: 'one' }), ['X=0'])
  assert.deepEqual(await variables({}), ['X=0', 'Y=1'])
})

test('the plans that were asked for last are kept', async () => {
  const { plan } = planner('ARG A\nFROM base\nRUN x\n')
  const of = (value: number) => plan({ args: new Map([['A', String(value)]]) })
  const first = await of(0)
  for (let value = 1; value < 4; value++) await of(value)
  assert.equal(await of(0), first)
  for (let value = 4; value < 8; value++) await of(value)
  assert.notEqual(await of(0), first)
})

test('a plan with very much in its states is made anew each time', async () => {
  const { plan } = planner(
    `FROM base\n${Array.from({ length: 200 }, (_, index) => `ENV V${index}=1\n`).join('')}`,
  )
  assert.notEqual(await plan(), await plan())
})
