/** Building images: Gantry's builder beside the classic builder of Docker Engine. */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import type { Engine } from '../engines.ts'
import { bigFile, type Fill, smallFiles } from '../fixtures/images.ts'
import { type Case, milliseconds, timedCall } from './case.ts'

const directory = (engine: Engine): string => `${engine.root}/context`

/** A context of these files and this Dockerfile. */
async function prepare(engine: Engine, dockerfile: string, fill?: Fill): Promise<void> {
  await mkdir(directory(engine), { recursive: true })
  await fill?.(directory(engine), 0)
  await writeFile(`${directory(engine)}/Dockerfile`, dockerfile)
}

const finish = (engine: Engine): Promise<void> => rm(directory(engine), { recursive: true, force: true })

const build = (engine: Engine, ...flags: string[]): Promise<number> =>
  timedCall(engine, 'build', '-q', '-t', 'built', ...flags, directory(engine))

function buildCase(
  name: string,
  target: number,
  dockerfile: string,
  rest: Partial<Case> & { flags?: string[]; fill?: Fill },
): Case {
  const { flags = [], fill, ...other } = rest
  return {
    name,
    target,
    unit: milliseconds,
    runs: 3,
    prepare: (engine) => prepare(engine, dockerfile, fill),
    measure: (engine) => build(engine, ...flags),
    finish,
    ...other,
  }
}

const steps = `FROM busybox\n${Array.from({ length: 20 }, (_, index) => `RUN echo ${index} > /${index}\n`).join('')}`

const stages = ['a', 'b', 'c', 'd']
const independent = [
  ...stages.map((name) => `FROM busybox AS ${name}\nRUN sleep 1; echo ${name} > /out\n`),
  'FROM busybox\n',
  ...stages.map((name) => `COPY --from=${name} /out /${name}\n`),
].join('')

export const buildCases: Case[] = [
  // As many runs as other quick cases: three say little of some milliseconds.
  buildCase('build of 20 steps, all cached', 0.3, steps, { runs: 11 }),
  buildCase('build of 20 steps, nothing cached', 0.35, steps, { flags: ['--no-cache'] }),
  buildCase('build of four independent stages', 0.3, independent, { flags: ['--no-cache'] }),
  buildCase('build with an unchanged context of 500 MB', 0.1, 'FROM busybox\nCOPY . /c\n', {
    fill: bigFile(500),
  }),
  buildCase('COPY of 50,000 small files', 0.6, 'FROM busybox\nCOPY . /c\n', {
    fill: smallFiles(50_000),
    flags: ['--no-cache'],
  }),
]
