import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gitAccess } from './access.ts'

test('what is lent goes to the protocol that it is for', async () => {
  const asked: string[] = []
  const secrets = new Map([
    ['GIT_AUTH_TOKEN', 'any'],
    ['GIT_AUTH_TOKEN.example.com', 'own\n'],
  ])
  const lent = {
    async secret(id: string) {
      asked.push(id)
      const text = secrets.get(id)
      return text === undefined ? null : Buffer.from(text)
    },
    async ssh(id: string) {
      asked.push(`ssh ${id}`)
      return '/run/agent.sock'
    },
  }
  assert.deepEqual(await gitAccess('https://example.com/a.git', lent), { token: 'own' })
  assert.deepEqual(await gitAccess('https://example.org/a.git', lent), { token: 'any' })
  asked.length = 0
  assert.deepEqual(await gitAccess('git://example.com/a.git', lent), {})
  assert.deepEqual(asked, [])
  for (const address of ['git@example.com:a.git', 'ssh://git@example.com/a.git'])
    assert.deepEqual(await gitAccess(address, lent), { agent: '/run/agent.sock' })
  assert.deepEqual(asked, ['ssh default', 'ssh default'])
  assert.deepEqual(await gitAccess('git@example.com:a.git', { ...lent, ssh: async () => null }), {})
})
