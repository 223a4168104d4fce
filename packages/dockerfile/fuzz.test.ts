/** Whatever the text, a Dockerfile is read or refused with a DockerfileProblem, and in a bounded time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expandWord } from './expand.ts'
import { parseMount } from './mount.ts'
import { parseDockerfile } from './parse.ts'
import { DockerfileProblem, excerpt } from './problem.ts'
import { nearestPath } from './suggest.ts'

/** A reproducible sequence of chance (xorshift32). */
function chance(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

const pieces = [
  ...[
    'FROM',
    'RUN',
    'COPY',
    'ADD',
    'ENV',
    'ARG',
    'LABEL',
    'ONBUILD',
    'HEALTHCHECK',
    'CMD',
    'SHELL',
    'EXPOSE',
  ],
  ...[
    ' ',
    ' ',
    ' ',
    '\n',
    '\n',
    '\\\n',
    '\\',
    '`',
    '"',
    "'",
    '[',
    ']',
    ',',
    '=',
    '$',
    '${',
    '}',
    ':-',
    '#',
    '%',
    '/',
  ],
  ...[
    '<<EOF',
    '<<-E',
    'EOF',
    '\r',
    '\t',
    '--mount=',
    '--from=',
    '--',
    'a',
    'B',
    'alpine',
    'AS',
    '1',
    'é',
    '\0',
    '*',
    '?',
  ],
]

const text = (random: (below: number) => number, length: number): string =>
  Array.from({ length }, () => pieces[random(pieces.length)]).join('')

function readsOrRefuses(input: string, work: () => unknown): void {
  try {
    work()
  } catch (error) {
    assert.ok(error instanceof DockerfileProblem, `${JSON.stringify(input)}: ${error}`)
  }
}

test('any Dockerfile', () => {
  const random = chance(7)
  for (let round = 0; round < 20_000; round++) {
    const input = text(random, 1 + random(40))
    readsOrRefuses(input, () => parseDockerfile(input))
    const valid = `FROM a\n${input}`
    readsOrRefuses(valid, () => parseDockerfile(valid))
  }
})

test('any word and any mount', () => {
  const random = chance(11)
  const variables = new Map([
    ['a', 'x y'],
    ['B', ''],
  ])
  for (let round = 0; round < 20_000; round++) {
    const input = text(random, 1 + random(12))
    readsOrRefuses(input, () => expandWord(input, variables, '\\'))
    readsOrRefuses(input, () => parseMount(input))
  }
})

test('patterns of stars do not blow up', () => {
  const word = `\${v##${'*a'.repeat(30)}b}`
  expandWord(word, new Map([['v', 'a'.repeat(60)]]), '\\')
})

test('carets stand below what a message is about', () => {
  const below = (text: string, message: string, last = 1): string =>
    excerpt('D', text, { first: 1, last }, message)
      .split('\n')
      .find((line) => line.includes('^')) ?? ''
  assert.equal(
    below('RUNN x', 'dockerfile parse error on line 1: unknown instruction: RUNN'),
    '     |     ^^^^',
  )
  const flag = 'dockerfile parse error on line 1: unknown flag: --form (did you mean from?)'
  assert.equal(below('COPY --form=x a b', flag), '     |          ^^^^^^')
  assert.equal(below('\tCOPY a.c /', '"/a.c": not found'), '     |     \t     ^^^')
  for (const message of ["invalid size: 'abc'", 'invalid value abc for size'])
    assert.equal(
      below('RUN size=abc', `dockerfile parse error on line 1: ${message}`),
      '     |              ^^^',
    )
  assert.equal(below('COPY ../a.c /', '"/a.c": not found'), '     |          ^^^^^^')
  assert.equal(below('COPY xyz ./x /', '"/x": not found (x)'), '     |              ^^^')
  assert.equal(below('COPY xyz x /', '"/x": not found (x)'), '     |              ^')
  assert.equal(below('COPY ["xyz", "x", "/"]', '"/x": not found'), '     |                   ^')
  assert.equal(
    below('RUN \\\n --mount=tipe=x', "unexpected key 'tipe' in 'tipe=x'", 2),
    '     |              ^^^^',
  )
  assert.equal(
    below('EXPOSE web', 'dockerfile parse error on line 1: invalid containerPort: web'),
    '     |            ^^^',
  )
  assert.equal(below('RUN <<EOF', 'dockerfile parse error on line 1: unterminated heredoc'), '     |     ^^^')
  assert.equal(below('RUN make', 'process "/bin/sh -c make" did not complete successfully: exit code: 2'), '')
  assert.equal(below('', 'dockerfile parse error on line 1: file with no instructions'), '')
})

test('what is shown of a file that is no Dockerfile does nothing to a terminal', () => {
  const text = `\u001b[2J\t\u0007\u009b${'x'.repeat(5000)}`
  const shown = excerpt(
    'D',
    text,
    { first: 1, last: 1 },
    'dockerfile parse error on line 1: unknown instruction',
  )
  assert.doesNotMatch(shown, /(?![\t\n])\p{Cc}/u)
  assert.ok(shown.split('\n').every((line) => line.length < 600))
})

test('the path that was meant, by the nearest names', () => {
  const tree = new Map([
    ['/', ['src', 'docs', 'a']],
    ['/src', ['main.c', 'Makefile']],
  ])
  const near = (path: string): string | null => nearestPath(path, (directory) => tree.get(directory) ?? [])
  assert.equal(near('/src/mian.c'), '/src/main.c')
  assert.equal(near('/SRC/makefile'), '/src/Makefile')
  assert.equal(near('/scr/main.c'), '/src/main.c')
  assert.equal(near('/src/other'), null)
  assert.equal(near('/b'), null)
  assert.equal(near('/'), null)
})

test('a mistake is shown with its lines', () => {
  assert.equal(
    excerpt('Dockerfile', 'FROM a\nRUNN x\nCMD y\n', { first: 2, last: 2 }),
    [
      'Dockerfile:2',
      '--------------------',
      '   1 |     FROM a',
      '   2 | >>> RUNN x',
      '   3 |     CMD y',
      '   4 |     ',
      '--------------------',
    ].join('\n'),
  )
})
