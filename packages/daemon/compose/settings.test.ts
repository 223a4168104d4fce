import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withoutPassword } from './settings.ts'

test("CVE-2021-3602: no part of a proxy's password is shown", () => {
  for (const proxy of ['http://u:p@proxy:3128', 'http://u:p@ss@proxy:3128', 'http://token@proxy:3128'])
    assert.equal(withoutPassword(proxy), 'http://xxxxx:xxxxx@proxy:3128')
  assert.equal(withoutPassword('u:p@ss@proxy:3128'), 'xxxxx:xxxxx@proxy:3128')
  for (const proxy of ['http://proxy:3128/', 'http://proxy/a@b', 'proxy:3128', ''])
    assert.equal(withoutPassword(proxy), proxy)
})
