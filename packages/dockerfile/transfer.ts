/** COPY and ADD. */
import { Flags } from './flags.ts'
import { chomped, type Heredoc, parseHeredocWord } from './heredoc.ts'
import type { Add, Copy } from './instruction.ts'
import type { Prepared } from './parse-instruction.ts'
import { DockerfileProblem } from './problem.ts'
import { parseJsonList, splitBlanks } from './words.ts'

/** Throws DockerfileProblem for flags and arguments that COPY does not take. */
export function parseCopy(prepared: Prepared): Copy {
  const flags = new Flags(prepared.flags, {
    from: 'text',
    chown: 'text',
    chmod: 'text',
    link: 'boolean',
    parents: 'boolean',
    exclude: 'many',
  })
  const from = flags.text('from')
  if (from?.includes('$'))
    throw new DockerfileProblem("'--from' doesn't support variable expansion, define alias stage instead")
  const paths = parsePaths(prepared)
  const remote = paths.sources.find((source) => /^https?:\/\//.test(source))
  if (remote) throw new DockerfileProblem("source can't be a URL for COPY")
  return {
    ...prepared.place,
    instruction: 'COPY',
    ...paths,
    ...common(flags),
    ...(from !== undefined && { from }),
    ...(flags.boolean('parents') && { parents: true }),
  }
}

/** Throws DockerfileProblem for flags and arguments that ADD does not take. */
export function parseAdd(prepared: Prepared): Add {
  const flags = new Flags(prepared.flags, {
    'keep-git-dir': 'boolean',
    checksum: 'text',
    unpack: 'boolean',
    chown: 'text',
    chmod: 'text',
    link: 'boolean',
    exclude: 'many',
  })
  const paths = parsePaths(prepared)
  const checksum = flags.text('checksum')
  if (checksum && paths.sources.length > 1)
    throw new DockerfileProblem("checksum can't be specified for multiple sources")
  const unpack = flags.boolean('unpack')
  return {
    ...prepared.place,
    instruction: 'ADD',
    ...paths,
    ...common(flags),
    ...(flags.boolean('keep-git-dir') && { keepGitDir: true }),
    ...(checksum !== undefined && { checksum }),
    ...(unpack !== undefined && { unpack }),
  }
}

function common(flags: Flags): Pick<Copy, 'chown' | 'chmod' | 'link' | 'exclude'> {
  const [chown, chmod] = [flags.text('chown'), flags.text('chmod')]
  return {
    ...(chown !== undefined && { chown }),
    ...(chmod !== undefined && { chmod }),
    ...(flags.boolean('link') && { link: true }),
    exclude: flags.many('exclude'),
  }
}

function parsePaths({ statement, text }: Prepared): { sources: string[]; heredocs: Heredoc[]; dest: string } {
  const { name, heredocs } = statement
  const list = parseJsonList(text)
  const words = list ?? splitBlanks(text)
  const dest = words.at(-1)
  if (dest === undefined) throw new DockerfileProblem(`${name} requires at least two arguments`)
  if (words.length < 2)
    throw new DockerfileProblem(
      `${name} requires at least two arguments, but only one was provided. Destination could not be determined`,
    )
  if (!list && parseHeredocWord(dest))
    throw new DockerfileProblem(`${name} cannot accept a heredoc as a destination`)
  const sources = words.slice(0, -1).filter((word) => list || !parseHeredocWord(word))
  const documents = heredocs.map((heredoc) => ({ ...heredoc, content: chomped(heredoc) }))
  return { sources, heredocs: documents, dest }
}
