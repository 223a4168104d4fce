import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseSecrets, secretValue } from './secrets.ts'

test('a secret is a file or a variable, and read when it is asked for', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-secret-'))
  t.after(() => rm(directory, { recursive: true }))
  const file = join(directory, 'token')
  await writeFile(file, 'first')
  const env = { TOKEN: 'variable', id: 'of the same name' }
  const texts = [`id=f,src=${file}`, 'id=v,env=TOKEN', 'id=id', 'type=env,id=TOKEN', 'id=none,env=NONE']
  const secrets = await parseSecrets(texts, env)
  await writeFile(file, 'second')
  const values = [...secrets.values()].map(async (place) => (await secretValue(place, env))?.toString())
  assert.deepEqual(await Promise.all(values), [
    'second',
    'variable',
    'of the same name',
    'variable',
    undefined,
  ])
})

test('what can be no secret is refused before anything is built', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-secret-'))
  t.after(() => rm(directory, { recursive: true }))
  const large = join(directory, 'large')
  await writeFile(large, Buffer.alloc((500 << 10) + 1))
  for (const [text, message] of [
    [`id=a,src=${directory}`, `secret file ${directory} is a directory`],
    [`id=a,src=${large}`, `secret file ${large} too big. max size 500KB`],
    [`id=a,src=${large}.not`, `failed to stat ${large}.not: stat ${large}.not: no such file or directory`],
    ['id', "invalid field 'id' must be a key=value pair"],
    ['src=x', 'secret missing ID'],
    ['id=a,what=x', "unexpected key 'what' in 'what=x'"],
    ['id=a,type=x', 'unsupported secret type "x"'],
  ] as const)
    await assert.rejects(parseSecrets([text], {}), { message })
})
