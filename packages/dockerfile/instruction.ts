/** The instructions of a stage, typed. */
import type { Heredoc } from './heredoc.ts'
import type { LineRange } from './problem.ts'
import type { Pair } from './words.ts'

interface Place {
  lines: LineRange
  /** The instruction as it was written, lines joined: `RUN echo one`. */
  source: string
}

/** Shell form is one text for the shell; exec form is the words themselves. */
export interface Command {
  form: 'shell' | 'exec'
  args: string[]
}

export interface Run extends Place, Command {
  instruction: 'RUN'
  heredocs: Heredoc[]
  /** Values of `--mount`, to be read by parseMount once their variables are replaced. */
  mounts: string[]
  network?: 'default' | 'none' | 'host'
  security?: 'sandbox' | 'insecure'
  devices: string[]
}

export interface CommandInstruction extends Place, Command {
  instruction: 'CMD' | 'ENTRYPOINT'
}

/** What COPY and ADD have in common. */
interface Transfer extends Place {
  sources: string[]
  /** Documents that are written as files. */
  heredocs: Heredoc[]
  dest: string
  chown?: string
  chmod?: string
  link?: boolean
  exclude: string[]
}

export interface Copy extends Transfer {
  instruction: 'COPY'
  /** A stage, its number, a named context or an image. */
  from?: string
  parents?: boolean
}

export interface Add extends Transfer {
  instruction: 'ADD'
  keepGitDir?: boolean
  checksum?: string
  /** Undefined: local archives are, remote ones are not. */
  unpack?: boolean
}

export interface PairsInstruction extends Place {
  instruction: 'ENV' | 'LABEL'
  pairs: Pair[]
}

export interface Arg extends Place {
  instruction: 'ARG'
  args: { key: string; value: string | null }[]
}

export interface Expose extends Place {
  instruction: 'EXPOSE'
  ports: string[]
}

export interface VolumeInstruction extends Place {
  instruction: 'VOLUME'
  paths: string[]
}

export interface ValueInstruction extends Place {
  instruction: 'USER' | 'WORKDIR' | 'STOPSIGNAL' | 'MAINTAINER'
  value: string
}

export interface Healthcheck extends Place {
  instruction: 'HEALTHCHECK'
  /** `["NONE"]`, `["CMD", …]` or `["CMD-SHELL", text]`. */
  test: string[]
  /** Nanoseconds, as in an image's configuration; 0 means the default. */
  interval: number
  timeout: number
  startPeriod: number
  startInterval: number
  retries: number
}

export interface Shell extends Place {
  instruction: 'SHELL'
  args: string[]
}

export interface OnBuild extends Place {
  instruction: 'ONBUILD'
  /** The instruction to be run later, with its documents. */
  trigger: string
}

export type Instruction =
  | Run
  | CommandInstruction
  | Copy
  | Add
  | PairsInstruction
  | Arg
  | Expose
  | VolumeInstruction
  | ValueInstruction
  | Healthcheck
  | Shell
  | OnBuild
