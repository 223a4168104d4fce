import { GantryError } from '@gantry/errors'

/** What is remembered of the latest run, whatever the status. */
export interface LastRun {
  exitCode: number
  /** Why the latest start failed; empty otherwise. */
  error: string
  oomKilled: boolean
  /** Null before the first run and its end. */
  startedAt: string | null
  finishedAt: string | null
}

/**
 * The life of a container. `starting` and `removing` are written before their work begins, so that a daemon that finds
 * them at its start knows what was interrupted.
 *
 *     created ─▶ starting ─▶ running ⇄ paused      exited, created ─▶ removing ─▶ (gone)
 *                  ▲           │                      ▲
 *                  └ restarting ◀┴──────▶ exited ─────┘   removing that failed: dead
 */
export type State =
  | (LastRun & { status: 'created' | 'exited' | 'dead' })
  | (LastRun & { status: 'removing'; volumes: boolean })
  | (LastRun & { status: 'starting'; from: 'created' | 'exited' | 'restarting' })
  | (LastRun & { status: 'running' | 'paused'; pid: number })
  | (LastRun & { status: 'restarting' })

export type Status = State['status']

/** How the API says that something has not happened. */
export const never = '0001-01-01T00:00:00Z'

/** What is known of the end of a run. */
export interface RunEnd {
  exitCode: number
  finishedAt: Date
  oomKilled: boolean
}

export const created: State = {
  status: 'created',
  exitCode: 0,
  error: '',
  oomKilled: false,
  startedAt: null,
  finishedAt: null,
}

/** What a record says of a container that has not been started yet. */
export const neverStarted = {
  state: created,
  restartCount: 0,
  started: false,
  stoppedByUser: false,
}

function lastRun(state: State): LastRun {
  const { exitCode, error, oomKilled, startedAt, finishedAt } = state
  return { exitCode, error, oomKilled, startedAt, finishedAt }
}

/** Throws NotModified when it runs, Conflict when it is paused or on its way out. */
export function beginStart(state: State): State {
  switch (state.status) {
    case 'created':
    case 'exited':
    case 'restarting':
      return { ...lastRun(state), status: 'starting', from: state.status }
    case 'paused':
      throw new GantryError('Conflict', 'cannot start a paused container, try unpause instead')
    case 'running':
    case 'starting':
      throw new GantryError('NotModified', 'Container is already running')
    case 'removing':
    case 'dead':
      throw new GantryError('Conflict', 'container is marked for removal and cannot be started')
  }
}

/** The state after a start that succeeded: the traces of the run before are gone. `pid` is the one on the host. */
export function run(state: State, pid: number, startedAt: Date): State {
  return {
    ...lastRun(state),
    status: 'running',
    pid,
    startedAt: startedAt.toISOString(),
    exitCode: 0,
    error: '',
    oomKilled: false,
  }
}

/** A start that came to nothing: back to where it began, with the reason. A restart that fails is not tried again. */
export function failStart(state: State, exitCode: number, error: string): State {
  const status = state.status === 'starting' && state.from === 'created' ? 'created' : 'exited'
  return { ...lastRun(state), status, exitCode, error }
}

/** A start by the restart policy that a daemon did not live to finish. */
export function tryAgain(state: State): State {
  return { ...lastRun(state), status: 'restarting' }
}

/** Throws Conflict in Docker's words for a container that does not run or is paused. */
export function pause(state: State, id: string): State {
  if (state.status === 'paused') throw new GantryError('Conflict', `Container ${id} is already paused`)
  if (state.status === 'restarting') {
    throw new GantryError('Conflict', `Container ${id} is restarting, wait until the container is running`)
  }
  if (state.status !== 'running') throw notRunning(id)
  return { ...state, status: 'paused' }
}

/** Throws System (Docker answers 500) when it is not paused. */
export function unpause(state: State, id: string): State {
  if (state.status !== 'paused') throw new GantryError('System', `Container ${id} is not paused`)
  return { ...state, status: 'running' }
}

/** The end of a run; with `restart`, the restart policy will start another. */
export function end(state: State, exit: RunEnd, restart: boolean): State {
  const finishedAt = exit.finishedAt.toISOString()
  const { startedAt } = state
  return {
    ...lastRun(state),
    // A start is recorded when it has been done: what runs for a moment only may have ended by then.
    startedAt: startedAt !== null && startedAt > finishedAt ? finishedAt : startedAt,
    status: restart ? 'restarting' : 'exited',
    exitCode: exit.exitCode,
    oomKilled: exit.oomKilled,
    finishedAt,
  }
}

/** The restart policy's next try is called off. */
export function giveUpRestart(state: State): State {
  return { ...lastRun(state), status: 'exited' }
}

/** `volumes`: its anonymous ones go too. */
export function remove(state: State, volumes: boolean): State {
  return { ...lastRun(state), status: 'removing', volumes }
}

/** A removal that failed half-way: only another removal can follow. */
export function die(state: State, error: string): State {
  return { ...lastRun(state), status: 'dead', error }
}

/** Whether there is a process. */
export function isUp(state: State): state is Extract<State, { pid: number }> {
  return state.status === 'running' || state.status === 'paused'
}

/** Whether there is no process, nor will be one unless somebody asks for it. */
export function isIdle(state: State): boolean {
  return state.status === 'created' || state.status === 'exited'
}

/** The status as the API names it: a start in progress shows as what was before it. */
export function visibleStatus(state: State): Exclude<Status, 'starting'> {
  return state.status === 'starting' ? state.from : state.status
}

/** For what only works with a running container; in Docker's words. */
export function notRunning(id: string): GantryError {
  return new GantryError('Conflict', `Container ${id} is not running`)
}
