import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, openSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { basename, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { GantryError } from '@gantry/errors'
import { type ForwardedPort, type ForwarderAnswer, receiveLines, sendLine } from './protocol.ts'

const program = fileURLToPath(new URL('main.ts', import.meta.url))
const O_PATH = 0o10000000
/** Milliseconds that it has to start, and to answer. */
const patience = 15_000
const attempts = 3

interface Connection {
  socket: Socket
  answered: ((answer: ForwarderAnswer | null) => void) | null
}

/** The forwarder as the daemon sees it: found by its socket, started when there is none. One order at a time. */
export class ForwarderProcess {
  readonly #path: string
  readonly #onLost: () => void
  #connection: Connection | null = null

  /** `onLost` is called when it ends although it was last told of ports. */
  constructor(path: string, onLost: () => void) {
    this.#path = path
    this.#onLost = onLost
  }

  /**
   * Has exactly these ports served. Without any, nothing is started. Resolves to the keys of those that cannot be opened,
   * with the error's code. Rejects with System when the forwarder does not start or answer.
   */
  async serve(ports: ForwardedPort[]): Promise<Map<string, string>> {
    for (let attempt = 1; ; attempt++) {
      const connection = this.#connection ?? (await this.#connect()) ?? (await this.#start(ports.length > 0))
      if (!connection && ports.length === 0) return new Map()
      const answer = connection && (await this.#order(connection, ports))
      if (answer) return new Map(answer.failures.map(({ port, code }) => [port, code]))
      // It was just ending, for want of ports: the next one will do.
      if (attempt === attempts) throw new GantryError('System', 'the port forwarder has ended')
    }
  }

  /** Lets go of it; one without ports ends then, and has ended when this resolves. */
  async close(): Promise<void> {
    const { socket } = this.#connection ?? {}
    this.#connection = null
    if (!socket || socket.destroyed) return
    const closed = once(socket, 'close')
    socket.end()
    const timer = setTimeout(() => socket.destroy(), 1000)
    await closed
    clearTimeout(timer)
  }

  /** Null when it ends before it answers. */
  async #order(connection: Connection, ports: ForwardedPort[]): Promise<ForwarderAnswer | null> {
    const { socket } = connection
    const { promise, resolve } = Promise.withResolvers<ForwarderAnswer | null>()
    const timer = setTimeout(() => socket.destroy(), patience)
    connection.answered = resolve
    sendLine(socket, { ports })
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      connection.answered = null
    }
  }

  /** Null when nobody listens. */
  async #connect(): Promise<Connection | null> {
    let directory: number | undefined
    try {
      directory = openSync(dirname(this.#path), O_PATH | constants.O_DIRECTORY)
      const socket = connect(`/proc/self/fd/${directory}/${basename(this.#path)}`)
      await once(socket, 'connect')
      return this.#adopt(socket)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT' || code === 'ECONNREFUSED') return null
      throw new GantryError('System', `cannot reach the port forwarder: ${error}`, { cause: error })
    } finally {
      if (directory !== undefined) closeSync(directory)
    }
  }

  #adopt(socket: Socket): Connection {
    const connection: Connection = { socket, answered: null }
    this.#connection = connection
    // The daemon's life does not depend on it.
    socket.unref()
    socket.on('error', () => {})
    receiveLines(socket, (message) => connection.answered?.(message as ForwarderAnswer))
    socket.on('close', () => {
      if (this.#connection !== connection) return
      this.#connection = null
      if (connection.answered) connection.answered(null)
      else this.#onLost()
    })
    return connection
  }

  async #start(needed: boolean): Promise<Connection | null> {
    await rm(this.#path, { force: true })
    if (!needed) return null
    const child = spawn(process.execPath, [program, this.#path], {
      cwd: '/',
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE },
    })
    let complaint = ''
    child.stderr.on('data', (text) => {
      complaint = `${complaint}${text}`.slice(0, 2000)
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), patience)
    try {
      await new Promise<void>((resolve, reject) => {
        child.once('error', reject)
        child.once('close', () => reject(new Error(complaint || 'it ended')))
        child.stdout.once('data', () => resolve())
      })
    } catch (cause) {
      throw new GantryError('System', `the port forwarder does not start: ${cause}`, { cause })
    } finally {
      clearTimeout(timer)
      child.stdout.destroy()
      child.stderr.destroy()
      child.unref()
    }
    return await this.#connect()
  }
}
