/** fmt.Sprintf: reads the format text and has `formatValue` write the operands. */
import { type Flags, formatValue, noFlags } from './print.ts'
import { type GoValue, isInteger, typeName } from './types.ts'
import { contentOf } from './value.ts'

type Operand = GoValue | undefined

/** Widths and precisions beyond this are refused, as Go does. */
const largest = 1e6

/** Formats as Go does, mistakes included: they show in the text (`%!d(string=x)`, `%!s(MISSING)`), nothing is thrown. */
export function sprintf(format: string, operands: readonly Operand[]): string {
  return new Printf(format, operands).run()
}

class Printf {
  readonly #format: string
  readonly #operands: readonly Operand[]
  #at = 0
  #next = 0
  #reordered = false
  #goodIndex = true
  #afterIndex = false

  constructor(format: string, operands: readonly Operand[]) {
    this.#format = format
    this.#operands = operands
  }

  run(): string {
    let text = ''
    while (this.#at < this.#format.length) {
      const percent = this.#format.indexOf('%', this.#at)
      if (percent < 0) {
        text += this.#format.slice(this.#at)
        break
      }
      text += this.#format.slice(this.#at, percent)
      this.#at = percent + 1
      text += this.#verb()
    }
    return text + this.#extra()
  }

  #verb(): string {
    const flags = this.#flags()
    this.#goodIndex = true
    this.#afterIndex = false
    this.#index()
    const problem = this.#width(flags) + this.#precision(flags)
    if (!this.#afterIndex) this.#index()
    if (this.#at >= this.#format.length) return `${problem}%!(NOVERB)`
    const verb = String.fromCodePoint(this.#format.codePointAt(this.#at) as number)
    this.#at += verb.length
    if (verb === '%') return `${problem}%`
    if (!this.#goodIndex) return `${problem}%!${verb}(BADINDEX)`
    if (this.#next >= this.#operands.length) return `${problem}%!${verb}(MISSING)`
    return problem + formatValue(this.#operands[this.#next++], verb === 'w' ? 'v' : verb, flags)
  }

  #flags(): Flags {
    const flags: Flags = { ...noFlags }
    for (; ; this.#at++) {
      switch (this.#format[this.#at]) {
        case '#':
          flags.sharp = true
          break
        case '0':
          flags.zero = true
          break
        case '+':
          flags.plus = true
          break
        case '-':
          flags.minus = true
          break
        case ' ':
          flags.space = true
          break
        default:
          return flags
      }
    }
  }

  #width(flags: Flags): string {
    if (this.#format[this.#at] === '*') {
      this.#at++
      const width = this.#starred()
      if (width === undefined) return '%!(BADWIDTH)'
      flags.width = Math.abs(width)
      if (width < 0) flags.minus = true
      return ''
    }
    const width = this.#number()
    if (width !== undefined) {
      flags.width = width
      if (this.#afterIndex) this.#goodIndex = false
    }
    return ''
  }

  #precision(flags: Flags): string {
    if (this.#format[this.#at] !== '.') return ''
    this.#at++
    if (this.#afterIndex) this.#goodIndex = false
    this.#index()
    if (this.#format[this.#at] === '*') {
      this.#at++
      const precision = this.#starred()
      if (precision === undefined) return '%!(BADPREC)'
      if (precision >= 0) flags.precision = precision
      return ''
    }
    flags.precision = this.#number() ?? 0
    return ''
  }

  /** A width or precision taken from the operands. */
  #starred(): number | undefined {
    this.#afterIndex = false
    const operand = contentOf(this.#operands[this.#next++])
    if (!operand || !isInteger(operand.type)) return undefined
    const value = Number(operand.data as bigint)
    return Math.abs(value) > largest ? undefined : value
  }

  #number(): number | undefined {
    const found = /^\d+/.exec(this.#format.slice(this.#at, this.#at + 20))?.[0]
    if (found === undefined) return undefined
    this.#at += found.length
    const value = Number(found)
    return value > largest ? undefined : value
  }

  /** An explicit operand: `[2]`. */
  #index(): void {
    if (this.#format[this.#at] !== '[') return
    this.#reordered = true
    const end = this.#format.indexOf(']', this.#at)
    const number = end < 0 ? '' : this.#format.slice(this.#at + 1, end)
    this.#at = end < 0 ? this.#at + 1 : end + 1
    const index = /^\d+$/.test(number) ? Number(number) - 1 : -1
    if (index < 0 || index >= this.#operands.length) {
      this.#goodIndex = false
      return
    }
    this.#next = index
    this.#afterIndex = true
  }

  #extra(): string {
    if (this.#reordered || this.#next >= this.#operands.length) return ''
    const texts = this.#operands.slice(this.#next).map((operand) => {
      const value = contentOf(operand)
      return value === undefined ? '<nil>' : `${typeName(value.type)}=${formatValue(value, 'v', noFlags)}`
    })
    return `%!(EXTRA ${texts.join(', ')})`
  }
}
