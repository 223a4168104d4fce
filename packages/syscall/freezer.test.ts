import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFreezer } from './freezer.ts'

/** A kernel that answers FREEZING until `ready` is true of the states written so far. */
function freezer(ready: (written: string[]) => boolean) {
  const written: string[] = []
  return {
    written,
    write: async (state: string) => void written.push(state),
    read: async () => (written.at(-1) === 'FROZEN' && !ready(written) ? 'FREEZING\n' : `${written.at(-1)}\n`),
  }
}

test('a group that forks is asked to stop again', async () => {
  const group = freezer((written) => written.length > 3)
  assert.equal(await setFreezer(group, true), true)
  assert.deepEqual(new Set(group.written), new Set(['FROZEN']))
})

test('a group whose threads wait for frozen ones goes on for a moment, and is stopped then', async () => {
  const group = freezer((written) => written.includes('THAWED'))
  assert.equal(await setFreezer(group, true), true)
  assert.equal(group.written.at(-1), 'FROZEN')
})

test('a group that cannot be stopped runs on', async () => {
  const group = freezer(() => false)
  assert.equal(await setFreezer(group, true, 60), false)
  assert.equal(group.written.at(-1), 'THAWED')
})

test('a group is let go', async () => {
  const group = freezer(() => false)
  assert.equal(await setFreezer(group, false), true)
  assert.deepEqual(group.written, ['THAWED'])
})
