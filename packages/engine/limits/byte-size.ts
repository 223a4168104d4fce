import { GantryError } from '@gantry/errors'

const units: Record<string, number> = {
  '': 1,
  b: 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  p: 2 ** 50,
}

/** `64M`, `1.5 GiB` in bytes. Throws InvalidParameter in Docker's words. */
export function byteSize(text: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?) ?(?:([kmgtp])i?b?|b)?$/i.exec(text) ?? []
  const factor = units[unit.toLowerCase()]
  if (number === undefined || factor === undefined)
    throw new GantryError('InvalidParameter', `invalid size: '${text}'`)
  return Math.trunc(Number(number) * factor)
}
