/** The life of the daemon: lock, build, listen, serve, reload, stop. */
import type { EventMessage } from '@gantry/api'
import { messageOf } from '@gantry/errors'
import { type Composition, compose } from './compose/compose.ts'
import { type DaemonConfig, type LiveConfig, loadConfig, refusePlainTcp } from './config/config.ts'
import type { OptionValues } from './config/option-values.ts'
import { ApiServer } from './http/server.ts'
import { openListeners } from './listen/listeners.ts'
import type { LeveledLogger } from './log.ts'
import { loadCommandFile } from './process/command-file.ts'
import { adjustOomScore } from './process/oom-score.ts'
import { writePidfile } from './process/pidfile.ts'
import { lockDataRoot } from './process/root-lock.ts'
import { type ActivatedSocket, activatedSockets, createNotifier } from './process/systemd.ts'
import { engineRoutes } from './routes/index.ts'
import { productVersion } from './version.ts'

export interface DaemonOptions {
  config: DaemonConfig
  /** The command line, to read the configuration again with. */
  flags: OptionValues
  log: LeveledLogger
  environment: NodeJS.ProcessEnv
}

/** Runs until SIGTERM or SIGINT. Rejects when the daemon cannot start; then nothing of it is left. */
export async function runDaemon({ config, flags, log, environment }: DaemonOptions): Promise<void> {
  refusePlainTcp(config)
  const activated: ActivatedSocket[] = activatedSockets(environment)
  const notify = createNotifier(environment, log)
  const stopRequested = stopSignals(log)
  const reload = onReloadSignal(log)
  reportStrayErrors(log)
  await using undo = new AsyncDisposableStack()
  undo.use(await lockDataRoot(config.dataRoot))
  await adjustOomScore(config.resources.oomScoreAdjust)
  undo.use(await writePidfile(config.pidfile))
  const composition = undo.use(await compose({ config, log, environment }))
  const api = new ApiServer({
    routes: engineRoutes(composition.engine, config),
    experimental: config.experimental,
    log,
    product: `Gantry/${productVersion} (linux)`,
  })
  const listeners = await openListeners({ config, api, activated, log })
  reload.run = async () => {
    notify(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`)
    await reloadConfig(config, flags, composition, log)
    notify('READY=1')
  }
  notify('READY=1')
  log.info('Daemon has completed initialization', { version: productVersion, pid: process.pid })
  void loadCommandFile()

  const signal = await stopRequested
  log.info('Daemon is stopping', { signal })
  reload.run = null
  notify('STOPPING=1')
  await listeners.close()
  await api.stop(config.live.shutdownTimeout < 0 ? 2 ** 31 - 1 : config.live.shutdownTimeout * 1000)
  listeners.cut()
}

/** Resolves with the first of the signals that end the daemon; the third of them ends it at once. */
function stopSignals(log: LeveledLogger): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>()
  let count = 0
  const onSignal = (signal: NodeJS.Signals): void => {
    resolve(signal)
    if (++count < 3) return
    log.warn('forcing the daemon to end after three signals', { signal })
    process.exit(1)
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  return promise
}

/** SIGHUP does nothing until `run` is there: a daemon that is starting or stopping must not die of it. */
function onReloadSignal(log: LeveledLogger): { run: (() => Promise<void>) | null } {
  const reload: { run: (() => Promise<void>) | null } = { run: null }
  process.on('SIGHUP', () => {
    if (reload.run) void reload.run()
    else log.warn('not reloading: the daemon is starting or stopping')
  })
  return reload
}

/** A defect in one request must not take the others down; a thrown exception that nobody caught may have broken more. */
function reportStrayErrors(log: LeveledLogger): void {
  process.on('unhandledRejection', (reason) => {
    log.error('unhandled rejection', { error: messageOf(reason), stack: stackOf(reason) })
  })
  process.on('uncaughtException', (error) => {
    log.error('uncaught exception', { error: messageOf(error), stack: stackOf(error) })
    process.exit(1)
  })
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined
}

/** Reads the configuration again and takes over what may change; a mistake in it leaves everything as it was. */
async function reloadConfig(
  config: DaemonConfig,
  flags: OptionValues,
  composition: Composition,
  log: LeveledLogger,
): Promise<void> {
  log.info('reloading configuration', { file: config.configFile })
  try {
    const loaded = await loadConfig(flags)
    for (const warning of loaded.warnings) log.warn(warning)
    Object.assign(config.live, loaded.config.live)
    log.level = config.live.logLevel
    composition.reloaded(reloadAttributes(config.live))
  } catch (error) {
    log.error('the configuration was not reloaded', { error: messageOf(error) })
  }
}

type Attributes = NonNullable<NonNullable<EventMessage['Actor']>['Attributes']>

/** What the `reload` event of the daemon tells. */
function reloadAttributes(live: LiveConfig): Attributes {
  return {
    debug: String(live.logLevel === 'debug'),
    labels: JSON.stringify(live.labels),
    'shutdown-timeout': String(live.shutdownTimeout),
    'insecure-registries': JSON.stringify(live.insecureRegistries),
    'registry-mirrors': JSON.stringify(live.registryMirrors),
    'live-restore': 'true',
    'default-runtime': live.defaultRuntime ?? '',
  }
}
