/** The graph that a Dockerfile becomes, and where it stands after each of its instructions. */
import type { Heredoc, LineRange, RunMount } from '@gantry/dockerfile'
import type { HistoryEntry, ImageConfigFile, Platform } from '@gantry/oci'

/** Where files come from. */
export type Origin =
  | { kind: 'snapshot'; step: Step }
  | { kind: 'context'; name: string }
  | { kind: 'http'; url: string; checksum?: string }
  | { kind: 'git'; url: string; keepGitDir?: boolean; checksum?: string }
  | { kind: 'documents'; documents: readonly Heredoc[] }

interface StepBase {
  /** As it is shown, with its variables replaced: `[builder 2/5] RUN make -j4`. */
  name: string
  /**
   * As the cache knows it: what was written, since values may be confidential, and without its number, which others
   * change: `[builder] RUN make -j$JOBS`.
   */
  description: string
  stage: string
  lines: LineRange
  platform: Platform
}

/** The files of an image. */
export interface ImageStep extends StepBase {
  kind: 'image'
  reference: string
  /** What it is called in messages. */
  shown: string
}

export interface RunStep extends StepBase {
  kind: 'run'
  input: Step | null
  /** Words to be run, the shell included. */
  args: readonly string[]
  /** `NAME=value`, in order; predefined proxy arguments, which stay out of the key, are in `proxies`. */
  env: readonly string[]
  proxies: readonly string[]
  user: string
  workingDir: string
  /** A script that a here-document brought: given to the shell, or stored as a file when it begins with `#!`. */
  script?: { name: string; content: string }
  mounts: readonly (RunMount & { origin?: Origin })[]
  /** `default`, `none`, `host`, a network of the engine, or `container:ID`. */
  network: string
  security: 'sandbox' | 'insecure'
  /** What its machine is called, when that is not the builder's own name. */
  hostname?: string
}

export interface CopyStep extends StepBase {
  kind: 'copy'
  input: Step | null
  copies: readonly FileCopy[]
  /** Absolute; ends in `/` when it must be a directory. */
  dest: string
  /** `user[:group]`, names are looked up in the input's `/etc/passwd` and `/etc/group`. */
  chown?: string
  chmod?: string
  /** The layer does not depend on the input: it is kept when only the input changes. */
  link: boolean
  parents: boolean
  exclude: readonly string[]
}

export interface FileCopy {
  origin: Origin
  sources: readonly string[]
  /** ADD: local archives are unpacked. */
  unpack: boolean
}

/** Makes the working directory when it is missing. */
export interface DirectoryStep extends StepBase {
  kind: 'directory'
  input: Step | null
  path: string
  user: string
}

export type Step = ImageStep | RunStep | CopyStep | DirectoryStep

/** Where a stage stands after one of its instructions, FROM included. */
export interface InstructionState {
  /** The instruction as it was written, and its name in capitals. */
  source: string
  instruction: string
  /** It came with the base image (ONBUILD). */
  triggered: boolean
  /** What it made itself: null for one that only changes the configuration. */
  made: Step | null
  /** The stage's file system by then. */
  step: Step | null
  config: ImageConfigFile['config']
  history: readonly HistoryEntry[]
  author?: string
}

/** A stage whose steps are known: what comes out of it. */
export interface Target {
  /** Null for an empty root file system. */
  step: Step | null
  config: ImageConfigFile['config']
  history: readonly HistoryEntry[]
  platform: Platform
  author?: string
  /** Arguments that a stage which goes on from this one has, too. */
  args: ReadonlyMap<string, string>
  /** FROM and every other instruction, in order. */
  states: readonly InstructionState[]
}
