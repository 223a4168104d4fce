import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import type { CommandContext } from '../framework/command.ts'
import { Prompt } from './prompt.ts'

/** A terminal that records what is shown and whether it echoes. */
function terminal() {
  const modes: boolean[] = []
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (raw: boolean) => modes.push(raw),
  })
  let shown = ''
  const write = (text: string): void => {
    shown += text
  }
  const stdout = { write } as unknown as CommandContext['stdout']
  return { stdin, stdout, modes, shown: () => shown }
}

test('a name and a password are asked for in turn, also when both were typed ahead', async () => {
  const user = terminal()
  using prompt = new Prompt(user)
  user.stdin.write('  ann \nsecret\r')
  assert.equal(await prompt.ask('Username: '), 'ann')
  assert.equal(await prompt.askSecret('Password: '), 'secret')
  assert.equal(user.shown(), 'Username: Password: \n')
  assert.deepEqual(user.modes, [true, false])
})

test('a secret is edited as lines are: the key before and the whole line are taken back', async () => {
  const user = terminal()
  using prompt = new Prompt(user)
  const secret = prompt.askSecret('? ')
  for (const keys of ['wrong\x15', 'sé', 'x\x7f', '\x1bcret', '\n']) user.stdin.write(keys)
  assert.equal(await secret, 'sécret')
})

test('Ctrl-C ends the command with 130 and the terminal echoes again; the end of the input is an empty answer', async () => {
  const user = terminal()
  const prompt = new Prompt(user)
  user.stdin.write('half\x03')
  await assert.rejects(prompt.askSecret('? '), { code: 130, message: '' })
  assert.deepEqual(user.modes, [true, false])
  user.stdin.end()
  assert.equal(await prompt.ask('? '), '')
  prompt[Symbol.dispose]()
})
