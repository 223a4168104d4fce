import { constants } from 'node:os'
import { GantryError } from '@gantry/errors'

const first = 1
const last = 64
/** The lowest real-time signal that a program may use (two are the C library's own). */
const realTimeMin = 34

/**
 * A signal's number from its name, with or without SIG, in any case, or from a number.
 * Throws InvalidParameter `Invalid signal: X`.
 */
export function parseSignal(text: string): number {
  const number = /^\d+$/.test(text) ? Number(text) : byName(text.toUpperCase().replace(/^SIG/, ''))
  if (number === undefined || number < first || number > last) {
    throw new GantryError('InvalidParameter', `Invalid signal: ${text}`)
  }
  return number
}

/** The signal that `kill` is to send; nothing means SIGKILL. `reference` is what the user calls the container. */
export function parseKillSignal(text: string, reference: string): number {
  if (/^\d+$/.test(text) && Number(text) > last) {
    const problem = `The linux daemon does not support signal ${text}`
    throw new GantryError('InvalidParameter', `Cannot kill container: ${reference}: ${problem}`)
  }
  return parseSignal(text || 'KILL')
}

function byName(name: string): number | undefined {
  const realTime = /^RTM(IN|AX)(?:([+-])(\d+))?$/.exec(name)
  if (realTime) {
    const base = realTime[1] === 'IN' ? realTimeMin : last
    const offset = Number(realTime[3] ?? 0) * (realTime[2] === '-' ? -1 : 1)
    return base + offset
  }
  return (constants.signals as Record<string, number>)[`SIG${name}`]
}
