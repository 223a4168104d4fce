/** The functions that Docker adds to Go's templates. */
import { marshal } from '../go/json.ts'
import { anyType, type Data, type GoType, intType, sliceOf, stringType } from '../go/types.ts'
import { goString, goStrings } from '../go/value.ts'
import type { TemplateFunction, Value } from './function.ts'

const onText = (call: (text: string) => string): TemplateFunction => ({
  parameters: [stringType],
  call: ([text]) => goString(call(textOf(text))),
})

const textOf = (value: Value): string => value?.data as string
const numberOf = (value: Value): number => Number(value?.data as bigint)

export const dockerFunctions: Readonly<Record<string, TemplateFunction>> = {
  json: { parameters: [anyType], call: ([value]) => goString(marshal(value, false)) },
  split: {
    parameters: [stringType, stringType],
    call: ([text, by]) => goStrings(textOf(text).split(textOf(by))),
  },
  join: {
    parameters: [sliceOf(stringType), stringType],
    call: ([list, by]) => goString(((list?.data as Data[] | null) ?? []).join(textOf(by))),
  },
  title: onText((text) => text.replace(/(?<![\p{L}\p{N}_'])\p{Ll}/gu, (letter) => letter.toUpperCase())),
  lower: onText((text) => text.toLowerCase()),
  upper: onText((text) => text.toUpperCase()),
  pad: {
    parameters: [stringType, intType, intType],
    call: ([text, before, after]) => goString(padded(textOf(text), numberOf(before), numberOf(after))),
  },
  truncate: {
    parameters: [stringType, intType],
    call: ([text, length]) => goString(truncated(textOf(text), numberOf(length))),
  },
}

/** The widest padding that anybody needs; a mistyped number shall not fill the memory. */
const widest = 1_000_000

function padded(text: string, before: number, after: number): string {
  if (text === '') return text
  if (before < 0 || after < 0) throw new Error('strings: negative Repeat count')
  if (before > widest || after > widest) throw new Error('strings: Repeat output length overflow')
  return ' '.repeat(before) + text + ' '.repeat(after)
}

function truncated(text: string, length: number): string {
  const bytes = Buffer.from(text)
  if (bytes.length < length) return text
  if (length < 0) throw new Error(`runtime error: slice bounds out of range [:${length}]`)
  return bytes.subarray(0, length).toString()
}

const unchanged = (...parameters: GoType[]): TemplateFunction => ({
  parameters,
  call: ([text]) => goString(textOf(text)),
})

/** The same functions for a table's header, which they leave as it is. */
export const headerFunctions: Readonly<Record<string, TemplateFunction>> = {
  json: unchanged(stringType),
  split: unchanged(stringType, stringType),
  join: unchanged(stringType, stringType),
  title: unchanged(stringType),
  lower: unchanged(stringType),
  upper: unchanged(stringType),
  truncate: unchanged(stringType, intType),
}
