/**
 * Loaded into the process of each test file before it (`--import`): a process that ends by `process.exit`, as the one of
 * `--test-force-exit` does, leaves unwritten what its output has not taken yet, and with it the last tests of its report.
 */
import { Socket } from 'node:net'

interface PipeHandle {
  setBlocking?(blocking: boolean): number
}

if (process.stdout instanceof Socket)
  (process.stdout as Socket & { _handle?: PipeHandle })._handle?.setBlocking?.(true)

// Node pipes the output of each worker thread into this one, and `node:test` listens for the last to have gone: with the
// idle threads of many tests in one file that is no leak to be warned of.
process.stdout.setMaxListeners(0)
