import { Writable } from 'node:stream'
import type { Output } from '../framework/command.ts'

/** An output for what nobody wants to see. */
export const silent = new Writable({ write: (_bytes, _encoding, done) => done() }) as unknown as Output
