/** Engines behind ssh: the remote command `system dial-stdio` joins the connection with the remote engine's socket. */
import { spawn } from 'node:child_process'
import { Duplex } from 'node:stream'
import { GantryError } from '@gantry/errors'
import type { Endpoint } from './endpoint.ts'

type SshEndpoint = Endpoint & { kind: 'ssh' }

/**
 * Opens a connection through ssh, with Gantry's command at the other end, or Docker's where there is no Gantry. Resolves
 * when the remote side is there; rejects with Unavailable.
 */
export async function connectSsh(endpoint: SshEndpoint): Promise<Duplex> {
  const host = endpoint.path === undefined ? '' : ` --host unix://${shellWord(endpoint.path)}`
  const dial = (program: string) => `${program}${host} system dial-stdio`
  const command = `if command -v gantry >/dev/null 2>&1; then exec ${dial('gantry')}; else exec ${dial('docker')}; fi`
  const args = [
    '-o',
    'ConnectTimeout=30',
    '-T',
    ...(endpoint.user === undefined ? [] : ['-l', endpoint.user]),
    ...(endpoint.port === undefined ? [] : ['-p', String(endpoint.port)]),
    '--',
    endpoint.destination,
    `sh -c ${shellWord(command)}`,
  ]
  return commandStream('ssh', args)
}

/** A child process's stdin and stdout as one stream. Its failure is an error that tells its stderr. */
function commandStream(program: string, args: string[]): Duplex {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true })
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-4096)
  })
  const failure = (reason: string) => {
    const hint = 'make sure the URL is valid, and Docker 18.09 or later is installed on the remote host'
    const text = `command [${[program, ...args].join(' ')}] has exited with ${reason}, ${hint}: stderr=${complaints}`
    return new GantryError('Unavailable', `error during connect: ${text}`)
  }
  const stream = new Duplex({
    allowHalfOpen: true,
    read: () => void child.stdout.resume(),
    write: (bytes: Buffer, _encoding, done) => void child.stdin.write(bytes, done),
    final: (done) => void child.stdin.end(done),
    destroy: (error, done) => {
      child.kill()
      done(error)
    },
  })
  child.stdout.on('data', (bytes: Buffer) => {
    if (!stream.push(bytes)) child.stdout.pause()
  })
  // A pipe that breaks is a consequence: how the process ended says more.
  child.stdin.on('error', () => {})
  child.on('error', (error) => stream.destroy(failure(error.message)))
  child.on('close', (code, signal) => {
    if (code === 0) stream.push(null)
    else stream.destroy(failure(signal === null ? `exit status ${code}` : `signal ${signal}`))
  })
  return stream
}

/** Quotes for a POSIX shell. */
function shellWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
