/**
 * The forwarder: one process beside the daemon that serves published ports on the host's IPv6 addresses for containers
 * that have none. The kernel translates within one family only, so bytes are copied here. It outlives the daemon as
 * containers do, obeys whoever connects to its socket, and ends when it has no port left, or when its socket has gone and
 * nobody could ever take its ports from it.
 *
 *   node forwarder/main.ts SOCKET
 */
import { lstatSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { basename, dirname } from 'node:path'
import { type ForwarderOrder, receiveLines, sendLine } from './protocol.ts'
import { Relays } from './relays.ts'

/** Milliseconds without a port, so that one whose only container restarts need not start again. */
const patience = 2000
/** Milliseconds from one look at its place to the next. */
const lookInterval = 3000

const [, , socket = ''] = process.argv
const relays = new Relays()
const daemons = new Set<Socket>()
let idle: NodeJS.Timeout | undefined

function watchIdle(): void {
  clearTimeout(idle)
  if (relays.size === 0) idle = setTimeout(end, daemons.size === 0 ? 0 : patience)
}

function end(): void {
  rmSync(basename(socket), { force: true })
  process.exit()
}

/** Ends without a place, which was removed with its daemon's directories or is another forwarder's now. */
function watchPlace(): void {
  const { ino } = lstatSync(basename(socket))
  setInterval(() => {
    if (daemons.size === 0 && !hasPlace(ino)) process.exit()
  }, lookInterval)
}

function hasPlace(inode: number): boolean {
  try {
    return lstatSync(basename(socket), { throwIfNoEntry: false })?.ino === inode
  } catch {
    return true // not to be looked at is not to be gone
  }
}

const control = createServer((daemon) => {
  daemons.add(daemon)
  daemon.on('error', () => {})
  daemon.on('close', () => {
    daemons.delete(daemon)
    watchIdle()
  })
  receiveLines(daemon, (message) => {
    clearTimeout(idle)
    void relays.set((message as ForwarderOrder).ports).then((answer) => {
      sendLine(daemon, answer)
      watchIdle()
    })
  })
})

// The daemon's terminal is none of its business.
process.on('SIGHUP', () => {})
process.stdout.on('error', () => {})
process.stderr.on('error', () => {})
process.umask(0o177)
// A path may be longer than a socket's name can be.
process.chdir(dirname(socket))
control.listen(basename(socket), () => {
  process.stdout.write('ready\n')
  watchPlace()
  idle = setTimeout(end, patience)
})
