/**
 * The `git` program, kept short: no configuration but ours, no questions, no hooks, only protocols that lead to other
 * machines. See docs/decisions/0008-git-program.md.
 */
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { GantryError } from '@gantry/errors'

/** Bytes of git's complaints that are kept. */
const longestComplaint = 4096

export interface GitRun {
  directory: string
  /** Values of git's configuration that no other process shall read: they go through the environment. */
  secrets?: readonly (readonly [name: string, value: string])[]
  /** Path of a socket of an ssh agent. */
  agent?: string
  signal: AbortSignal
}

/** What git fails with: its last words. */
export class GitFailure extends GantryError {
  constructor(message: string) {
    super('InvalidParameter', message)
  }
}

const settings = [
  ['protocol.allow', 'never'],
  ['protocol.http.allow', 'always'],
  ['protocol.https.allow', 'always'],
  ['protocol.git.allow', 'always'],
  ['protocol.ssh.allow', 'always'],
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.untrackedCache', 'false'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['fetch.fsckObjects', 'true'],
  ['transfer.fsckObjects', 'true'],
  ['advice.detachedHead', 'false'],
  ['http.followRedirects', 'initial'],
  ['safe.directory', '*'],
  ['init.defaultBranch', 'main'],
  ['init.templateDir', ''],
  ['core.logAllRefUpdates', 'false'],
] as const

/** Runs git and resolves to what it writes. Rejects with GitFailure, or with the signal's reason once git has ended. */
export async function git(
  args: readonly string[],
  { directory, secrets = [], agent, signal }: GitRun,
): Promise<string> {
  signal.throwIfAborted()
  const child = spawn('git', args, {
    cwd: directory,
    env: environment(secrets, agent),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const kill = (): void => killGroup(child)
  signal.addEventListener('abort', kill, { once: true })
  try {
    const { code, output, complaint } = await ended(child)
    signal.throwIfAborted()
    if (code !== 0) throw new GitFailure(complaint.trim() || `git ended with ${code}`)
    return output
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new GantryError(
        'Unavailable',
        'git repositories need the program "git" on the machine of the engine',
      )
    throw error
  } finally {
    signal.removeEventListener('abort', kill)
  }
}

/** With its helpers, which are in its process group. */
function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // All of them have ended: to throw into an event of ours would end the daemon.
  }
}

/** Resolves to what it has written, and its last complaints. Rejects when there is no such program. */
async function ended(
  child: ChildProcessByStdio<null, Readable, Readable>,
): Promise<{ code: number | null; output: string; complaint: string }> {
  let output = ''
  let complaint = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    // ssh ends its lines as a terminal would want them.
    complaint = (complaint + text.replaceAll('\r', '')).slice(-longestComplaint)
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return { code, output, complaint }
}

function environment(secrets: NonNullable<GitRun['secrets']>, agent: string | undefined): NodeJS.ProcessEnv {
  const all = [...settings, ...secrets]
  const numbered = all.flatMap(([name, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, name],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ])
  return {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    HOME: '/nonexistent',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '/bin/false',
    GIT_LFS_SKIP_SMUDGE: '1',
    GIT_SSH_COMMAND:
      'ssh -F none -o LogLevel=ERROR -o BatchMode=yes -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile=/dev/null',
    GIT_CONFIG_COUNT: String(all.length),
    ...Object.fromEntries(numbered),
    ...(agent !== undefined && { SSH_AUTH_SOCK: agent }),
  }
}
