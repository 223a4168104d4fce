import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { loadCommand } from '../commands/index.ts'
import { FlagError, parseFlags } from './flags.ts'
import { commandHelp, flagTable } from './help.ts'
import { allCommands, type CommandSpec, type FlagSpec, find } from './tree.ts'
import { checkArguments } from './usage-errors.ts'

const specs: FlagSpec[] = [
  { long: 'interactive', short: 'i', type: 'bool', default: 'false', desc: 'Keep STDIN open' },
  { long: 'tty', short: 't', type: 'bool', default: 'false', desc: 'Allocate a pseudo-TTY' },
  { long: 'publish', short: 'p', type: 'list', multi: true, desc: 'Publish ports' },
  { long: 'name', type: 'string', default: 'none', desc: 'Assign a name' },
  { long: 'memory', short: 'm', type: 'bytes', default: '0', desc: 'Memory limit' },
  { long: 'filter', short: 'f', type: 'filter', multi: true, desc: 'Filter' },
  { long: 'opt', type: 'map', default: 'map[]', multi: true, desc: 'Options' },
  { long: 'net', type: 'string', alias_of: 'name', hidden: true, desc: '' },
]

test('flags come in every form that pflag knows', async () => {
  const words =
    '-it -p80:80 -p=81 -p 82 --name=web --memory 64m a --filter k=v -f k=w -f l=x --opt a=b=c b -- -c'
  const { flags, args } = await parseFlags(specs, words.split(' '))
  assert.equal(flags.bool('interactive'), true)
  assert.deepEqual(flags.list('publish'), ['80:80', '81', '82'])
  assert.equal(flags.string('name'), 'web')
  assert.equal(flags.bytes('memory'), 2 ** 26)
  assert.deepEqual(flags.filters('filter'), { k: ['v', 'w'], l: ['x'] })
  assert.deepEqual(flags.map('opt'), { a: 'b=c' })
  assert.deepEqual(args, ['a', 'b', '-c'])
})

test('flags that were not given have their defaults', async () => {
  const { flags } = await parseFlags(specs, ['--interactive=false', '--net', 'x'])
  assert.equal(flags.bool('interactive'), false)
  assert.equal(flags.changed('interactive'), true)
  assert.equal(flags.changed('tty'), false)
  assert.equal(flags.string('name'), 'x')
  assert.equal(flags.bytes('memory'), 0)
  assert.throws(() => flags.bool('nope'), TypeError)
  assert.throws(() => flags.bool('name'), TypeError)
})

test('with flagsFirst an argument ends the flags', async () => {
  const { args, flags } = await parseFlags(specs, ['-i', 'busybox', '-t', '--foo'], true)
  assert.deepEqual(args, ['busybox', '-t', '--foo'])
  assert.equal(flags.bool('tty'), false)
})

test('wrong flags are told in the words of pflag', async () => {
  const cases: Record<string, string> = {
    '--foo': 'unknown flag: --foo',
    '-itZ': "unknown shorthand flag: 'Z' in -Z",
    '--name': 'flag needs an argument: --name',
    '-p': "flag needs an argument: 'p' in -p",
    '--=x': 'bad flag syntax: --=x',
    '--tty=x': 'invalid argument "x" for "-t, --tty" flag: strconv.ParseBool: parsing "x": invalid syntax',
    '-m=10x': 'invalid argument "10x" for "-m, --memory" flag: invalid suffix: \'x\'',
  }
  for (const [word, message] of Object.entries(cases)) {
    await assert.rejects(
      () => parseFlags(specs, [word]),
      (error) => error instanceof FlagError && error.message === message,
    )
  }
})

test('every command has code, and all code a command', async () => {
  const canonical = allCommands().map((command) => command.paths[0] ?? '')
  for (const path of canonical) assert.equal(typeof (await loadCommand(path)), 'function', path)
  const sources = ['container-commands.ts', 'object-commands.ts'].map((file) =>
    readFileSync(new URL(`../commands/${file}`, import.meta.url), 'utf8'),
  )
  const cases = sources.join('').matchAll(/case '(.*)':/g)
  assert.deepEqual([...cases].map(([, path]) => path).sort(), canonical.toSorted())
})

test('a command is found by all its names', () => {
  const run = find('run')
  assert.ok(run !== undefined && 'command' in run)
  assert.deepEqual((find('container run') as { command: CommandSpec }).command, run.command)
  assert.equal(find('nope'), undefined)
})

test('wrong numbers of arguments', () => {
  const command = (least: number, most: number | null): CommandSpec => ({
    paths: ['x'],
    short: '',
    usage: ['A'],
    args: [least, most],
    flags: [],
  })
  const message = (least: number, most: number | null, count: number) => {
    try {
      checkArguments('gantry', 'x', command(least, most), count)
    } catch (error) {
      return (error as Error).message.split('\n')[0]
    }
    return undefined
  }
  assert.equal(message(1, null, 0), "gantry: 'gantry x' requires at least 1 argument")
  assert.equal(message(0, 0, 1), "gantry: 'gantry x' accepts no arguments")
  assert.equal(message(2, 2, 1), "gantry: 'gantry x' requires 2 arguments")
  assert.equal(message(1, 2, 3), "gantry: 'gantry x' requires at least 1 and at most 2 arguments")
  assert.equal(message(1, 2, 2), undefined)
})

test('the help page of rm looks as Docker users know it', () => {
  const found = find('rm')
  assert.ok(found !== undefined && 'command' in found)
  assert.equal(
    commandHelp('gantry', 'rm', found.command, 80),
    `Usage:  gantry rm [OPTIONS] CONTAINER [CONTAINER...]

Remove one or more containers

Aliases:
  gantry container rm, gantry container remove, gantry rm

Options:
  -f, --force     Force the removal of a running container (uses SIGKILL)
  -l, --link      Remove the specified link
  -v, --volumes   Remove anonymous volumes associated with the container
`,
  )
})

test('descriptions of flags are wrapped at the width of the terminal', () => {
  const desc = 'Automatically remove the container and its associated anonymous volumes when it exits'
  const lines = flagTable([{ long: 'rm', type: 'bool', desc }], 60).split('\n')
  assert.deepEqual(lines, [
    '      --rm   Automatically remove the container and',
    '             its associated anonymous volumes when it',
    '             exits',
  ])
})
