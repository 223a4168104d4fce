import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { isKind } from '@gantry/errors'
import { bind, check } from '../libc.ts'
import { Nftables, NftablesError } from './nftables.ts'

const skip = process.getuid?.() !== 0 && 'needs root'
if (!skip) check('unshare', bind('int unshare(int flags)')(0x40000000))

test('a transaction is done wholly or not at all', { skip }, () => {
  using nftables = new Nftables()
  nftables.run('table ip one { set ports { type inet_service; }\n}')
  assert.throws(
    () => nftables.run('add element ip one ports { 80 }\nadd element ip two ports { 80 }'),
    NftablesError,
  )
  assert.doesNotMatch(nftables.run('list ruleset'), /elements/)
  nftables.run('add element ip one ports { 80 }')
  assert.match(nftables.run('list ruleset'), /elements = \{ 80 \}/)
  const objects = nftables.list('list tables')
  assert.ok(objects.some((object) => (object.table as { name?: string } | undefined)?.name === 'one'))
  assert.match(nftables.run('list tables'), /^table ip one/, 'text again after a list')
})

test('a library that is not there is named', () => {
  assert.throws(
    () => new Nftables('libnothing.so.1'),
    (error: unknown) => isKind(error, 'System') && error.message.includes('libnothing.so.1'),
  )
})

/** Descriptors that a program started now would inherit, besides stdio. */
function inheritable(): number[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => fd > 2 && existsSync(`/proc/self/fdinfo/${fd}`))
    .filter((fd) => {
      const flags = /flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0'
      return (Number.parseInt(flags, 8) & 0o2000000) === 0
    })
}

test('CVE-2024-21626: its socket is not inherited', { skip }, () => {
  const before = inheritable()
  using nftables = new Nftables()
  nftables.run('list tables')
  assert.deepEqual(inheritable(), before)
})

test('what is closed says so', { skip }, () => {
  const nftables = new Nftables()
  nftables.close()
  nftables.close()
  assert.throws(() => nftables.run('list tables'), /closed/)
})
