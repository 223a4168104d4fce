/** The parse cases of the reference data, checked against BuildKit's own parser. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { expandWord } from './expand.ts'
import type { Heredoc } from './heredoc.ts'
import type { Instruction } from './instruction.ts'
import { parseMount } from './mount.ts'
import { parseDockerfile, type Stage } from './parse.ts'
import { DockerfileProblem } from './problem.ts'
import { GlobalScope, StageScope } from './scope.ts'

interface Case {
  id: string
  note: string
  dockerfile: string
  build_args?: Record<string, string>
  expect?: Record<string, unknown>
  error?: { phase: string; message: string; line?: number }
}

const directory = new URL('./fixtures/', import.meta.url)
const groups = readdirSync(directory).filter((file) => file !== 'index.json')

function clean(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([, value]) =>
        value !== undefined &&
        value !== 0 &&
        !(Array.isArray(value) && value.length === 0) &&
        !(typeof value === 'object' && value !== null && Object.keys(value).length === 0),
    ),
  )
}

const document =
  (name: string) =>
  ({ name: written, content, expand, chomp }: Heredoc) =>
    name === 'RUN' ? { name: written, content, chomp } : { name: written, content, expand }

/** An instruction in the words of the cases. `replaced`: its mounts without variables. */
function fieldsOf(instruction: Instruction, replaced?: string[]): Record<string, unknown> {
  switch (instruction.instruction) {
    case 'RUN': {
      const { form, args, heredocs, network, security, mounts } = instruction
      const mount = (replaced ?? mounts).map((text) => ({ ...parseMount(text) }))
      const flags = clean({ mount, network, security })
      return { form, args, ...clean({ heredocs: heredocs.map(document('RUN')), flags }) }
    }
    case 'COPY':
    case 'ADD': {
      const { sources, dest, heredocs, chown, chmod, link, exclude } = instruction
      const own =
        instruction.instruction === 'COPY'
          ? { from: instruction.from, parents: instruction.parents }
          : {
              checksum: instruction.checksum,
              unpack: instruction.unpack,
              'keep-git-dir': instruction.keepGitDir,
            }
      const flags = clean({ chown, chmod, link, exclude, ...own })
      return { sources, dest, ...clean({ heredocs: heredocs.map(document('COPY')), flags }) }
    }
    case 'ENV':
      return { env: instruction.pairs }
    case 'LABEL':
      return { labels: instruction.pairs }
    case 'HEALTHCHECK': {
      const { test: words, interval, timeout, startPeriod, startInterval, retries } = instruction
      const times = { interval_ns: interval, timeout_ns: timeout, start_period_ns: startPeriod }
      return { test: words, ...clean({ ...times, start_interval_ns: startInterval, retries }) }
    }
    default: {
      const { lines: _lines, source: _source, instruction: _name, ...fields } = instruction
      return fields
    }
  }
}

/** Whether two instructions say the same, in the words of the cases. */
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

function evaluate(item: Case): Record<string, unknown> {
  const dockerfile = parseDockerfile(item.dockerfile)
  const { escape: mark } = dockerfile.directives
  const given = new Map(Object.entries(item.build_args ?? {}))
  const globals = new GlobalScope(dockerfile.globals, given, new Map(), mark)
  const stages = dockerfile.stages.map((stage) => evaluateStage(stage, globals, given, mark))
  const { escape: _mark, ...directives } = dockerfile.directives
  return {
    stages,
    ...(mark !== '\\' && { escape: mark }),
    ...clean({
      meta_args: dockerfile.globals.flatMap(({ args }) => args),
      directives,
      warnings: dockerfile.warnings.map(({ message }) => message),
    }),
  }
}

function evaluateStage(
  stage: Stage,
  globals: GlobalScope,
  given: Map<string, string>,
  mark: '\\' | '`',
): Record<string, unknown> {
  const scope = new StageScope(globals, given, [], mark)
  const base = globals.base(stage)
  const commands = stage.commands.map((command) => {
    const expanded = scope.enter(command)
    // The cases always show mounts and volumes with their variables replaced.
    const { mounts, paths } = expanded as { mounts?: string[]; paths?: string[] }
    const changed = !same(fieldsOf(command, mounts), fieldsOf(expanded))
    const { instruction, lines } = command
    return {
      instruction,
      lines: [lines.first, lines.last],
      ...fieldsOf(command, mounts),
      ...(paths && { paths }),
      ...(changed && { expanded: fieldsOf(expanded) }),
    }
  })
  return {
    from: stage.from,
    ...(base !== stage.from && { from_expanded: base }),
    ...(stage.name && { as: stage.name }),
    ...(stage.platform && { platform: stage.platform }),
    lines: [stage.lines.first, stage.lines.last],
    commands,
  }
}

for (const group of groups)
  suite(group.replace('.json', ''), () => {
    const { cases }: { cases: Case[] } = JSON.parse(readFileSync(new URL(group, directory), 'utf8'))
    for (const item of cases)
      test(`${item.id}: ${item.note}`, () => {
        if (!item.error) {
          assert.deepEqual(evaluate(item), item.expect)
          return
        }
        const { message, line } = item.error
        assert.throws(
          () => evaluate(item),
          (error) => {
            assert.ok(error instanceof DockerfileProblem, String(error))
            assert.equal(error.message, message)
            if (line !== undefined) assert.equal(error.lines?.first, line)
            return true
          },
        )
      })
  })

test('a variable that ends before its name', () => {
  const item = { id: '', note: '', dockerfile: 'FROM a\nENV a=${\n' }
  assert.throws(() => evaluate(item), { message: `failed to process "\${": syntax error: missing '}'` })
})

test('a text that grows without end, and more instructions than anybody writes, are refused', () => {
  assert.throws(() => parseDockerfile(`FROM a\n${'ENV a=b\n'.repeat(5000)}`), {
    message: 'more than 5000 instructions',
    lines: { first: 5001, last: 5001 },
  })
  const variables = { get: () => 'x'.repeat(60_000) }
  assert.equal(expandWord('$A'.repeat(30), variables, '\\').text.length, 1_800_000)
  assert.throws(() => expandWord('$A'.repeat(40), variables, '\\'), /the result is too long$/)
})

test('triggers of triggers are refused, however many there are', () => {
  assert.throws(() => parseDockerfile(`FROM a\n${'ONBUILD '.repeat(8000)}RUN x\n`), {
    message: "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed",
  })
})
