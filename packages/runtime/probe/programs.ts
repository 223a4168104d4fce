/** Finding programs and asking them what they are. */
import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Where distributions put what the engine calls, whatever the daemon's own PATH says. */
const systemDirectories = [
  ...['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'],
  ...['/usr/local/libexec/podman', '/usr/libexec/podman', '/usr/local/lib/podman', '/usr/lib/podman'],
  ...['/usr/libexec/docker', '/usr/lib/docker'],
]
const timeoutMs = 10_000

/** The first executable of this name; null when there is none. */
export async function findProgram(name: string, path = process.env.PATH ?? ''): Promise<string | null> {
  for (const directory of [...path.split(':').filter(Boolean), ...systemDirectories]) {
    const candidate = join(directory, name)
    if (await isExecutable(candidate)) return candidate
  }
  return null
}

/** Whether a file is at this path that the daemon may execute (access(2)). */
export async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}

export interface ProgramOutput {
  exitCode: number
  stdout: string
  stderr: string
}

/** Runs a program to its end. Never rejects: what cannot be started gives exit code 127 and the reason. */
export function runProgram(path: string, argv: string[]): Promise<ProgramOutput> {
  return new Promise((resolve) => {
    execFile(path, argv, { timeout: timeoutMs }, (error, stdout, stderr) => {
      const exitCode = error ? (typeof error.code === 'number' ? error.code : 127) : 0
      resolve({ exitCode, stdout, stderr: stderr || (error?.message ?? '') })
    })
  })
}

/** The first thing that looks like a version in `--version`; empty when it does not say. */
export async function versionOf(path: string): Promise<{ text: string; version: string }> {
  const { stdout, stderr } = await runProgram(path, ['--version'])
  const text = stdout || stderr
  return { text, version: /(\d+\.\d+(?:\.\d+)?\S*)/.exec(text)?.[1] ?? '' }
}
