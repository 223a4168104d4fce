/** A process that is none, for unit tests. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { GantryError } from '@gantry/errors'
import type { Attachment, CgroupUsage, ExecTask, Exit, Task, TaskOptions } from '@gantry/runtime'
import type { FakeClock } from './testing-time.ts'

export class FakeTask implements Task {
  readonly options: TaskOptions
  readonly signals: number[] = []
  readonly exit: Promise<Exit>
  readonly stdin: Buffer[] = []
  started = false
  paused = false
  deleted = false
  pid = 4242
  /** Ends the process; by default any of these signals does. */
  readonly end: (exit: Partial<Exit>) => void
  fatalSignals = [9, 15]
  output: PassThrough[] = []
  cgroupUsage: CgroupUsage | null = null
  runOutOfMemory: () => void = () => {}
  readonly updates: Record<string, unknown>[] = []
  updateError: Error | null = null
  /** `hangs`: it ends when it is killed. */
  execResult: { exitCode: number; output: string; hangs?: boolean } | Error = { exitCode: 0, output: '' }
  readonly execKills: string[] = []
  /** Those that a later daemon finds. */
  execs: ExecTask[] = []

  constructor(options: TaskOptions, clock: FakeClock) {
    this.options = options
    const { promise, resolve } = Promise.withResolvers<Exit>()
    this.exit = promise
    this.end = (exit) => {
      this.pid = 0
      for (const stream of this.output) stream.end()
      resolve({ exitCode: 0, finishedAt: clock.now(), oomKilled: false, ...exit })
    }
  }

  get id() {
    return this.options.id
  }
  readonly rootfs = '/nowhere'
  async openRoot(): Promise<number> {
    throw new GantryError('Conflict', 'ended')
  }
  async start() {
    this.started = true
  }
  async hasStarted() {
    return this.started
  }
  async kill(signal: number) {
    if (this.pid === 0) throw new GantryError('Conflict', 'ended')
    this.signals.push(signal)
    if (this.fatalSignals.includes(signal)) this.end({ exitCode: 128 + signal })
  }
  checkpointError: Error | null = null
  async checkpoint({ directory, leaveRunning }: { directory: string; leaveRunning: boolean }) {
    if (this.checkpointError) throw this.checkpointError
    await writeFile(join(directory, 'pages-1.img'), 'state')
    if (!leaveRunning) this.end({ exitCode: 137 })
  }
  async pause() {
    if (this.pid === 0) throw new GantryError('Conflict', 'ended')
    this.paused = true
  }
  async resume() {
    if (this.pid === 0) throw new GantryError('Conflict', 'ended')
    this.paused = false
  }
  async isPaused() {
    return this.paused
  }
  async resize() {}
  async reopenLog() {
    return true
  }
  async attach(): Promise<Attachment> {
    const output = new PassThrough({ objectMode: true })
    this.output.push(output)
    const stdin = new Writable({
      write: (chunk, _encoding, done) => {
        this.stdin.push(chunk)
        done()
      },
    })
    return {
      output,
      stdin,
      isFirst: this.output.length === 1,
      close: () => void output.destroy(),
      async [Symbol.asyncDispose]() {
        output.destroy()
      },
    }
  }
  print(stream: 'stdout' | 'stderr', text: string) {
    for (const output of this.output) output.write({ stream, data: Buffer.from(text) })
  }
  async exec(options: { id: string; attach: boolean }) {
    if (this.execResult instanceof Error) throw this.execResult
    const { exitCode, output: text, hangs } = this.execResult
    const output = new PassThrough({ objectMode: true })
    if (text) output.write({ stream: 'stdout', data: Buffer.from(text) })
    const { promise: exit, resolve } = Promise.withResolvers<Exit>()
    const end = () => {
      output.end()
      resolve({ exitCode, finishedAt: new Date(), oomKilled: false })
    }
    if (!hangs) end()
    const stdin = new PassThrough()
    const attachment = { output, stdin, isFirst: true, close() {}, async [Symbol.asyncDispose]() {} }
    const exec: ExecTask = {
      id: options.id,
      pid: 99,
      attachment: options.attach ? attachment : null,
      attach: async () => attachment,
      resize: async () => {},
      kill: async (signal: number, { group = false } = {}) => {
        this.execKills.push(`${signal}${group ? ' group' : ''}`)
        end()
      },
      exit,
    }
    this.execs.push(exec)
    return exec
  }
  async loadExecs() {
    return this.execs
  }
  async processes() {
    return [process.pid]
  }
  onOutOfMemory(told: () => void) {
    this.runOutOfMemory = told
    return () => {
      this.runOutOfMemory = () => {}
    }
  }
  usage() {
    return this.cgroupUsage
  }
  async update(resources: Record<string, unknown>) {
    if (this.updateError) throw this.updateError
    this.updates.push(resources)
    return async () => void this.updates.push({ undone: true })
  }
  async delete() {
    this.deleted = true
  }
}
