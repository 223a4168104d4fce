/** Protocol buffer messages (proto3): a message type is a table of its fields, and its TypeScript type follows from it. */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { GantryError, messageOf } from '@gantry/errors'

/** How one field is written and read. */
export interface Field<T> {
  readonly number: number
  readonly wireType: WireType
  initial(): T
  /** Writes the field with its tag, or nothing for a value that proto3 leaves out. */
  write(writer: BinaryWriter, value: T): void
  /** `before` is what earlier occurrences of the field gave. */
  read(reader: BinaryReader, before: T): T
}

export interface MessageType<T> {
  /** Missing fields are left out. */
  encode(value: Partial<T>): Buffer
  /** Throws InvalidParameter for bytes that are no such message. Unknown fields are skipped. */
  decode(bytes: Uint8Array): T
}

export type MessageOf<M> = M extends MessageType<infer T> ? T : never

type ValuesOf<F> = { [K in keyof F]: F[K] extends Field<infer T> ? T : never }

/**
 * A message of these fields. Reading skips fields that it does not know or that have another wire type, gives each
 * that is missing its zero value, and throws InvalidParameter for bytes that are no message.
 */
export function message<F extends Record<string, Field<unknown>>>(fields: F): MessageType<ValuesOf<F>> {
  const entries = Object.entries(fields)
  const byNumber = new Map(entries.map(([name, field]) => [field.number, { name, field }]))
  return {
    encode(value) {
      const writer = new BinaryWriter()
      for (const [name, field] of entries) {
        const given = (value as Record<string, unknown>)[name]
        if (given !== undefined) field.write(writer, given)
      }
      const bytes = writer.finish()
      return asBuffer(bytes)
    },
    decode(bytes) {
      const values: Record<string, unknown> = {}
      for (const [name, field] of entries) values[name] = field.initial()
      try {
        const reader = new BinaryReader(bytes)
        while (reader.pos < reader.len) {
          const [number, wireType] = reader.tag()
          const known = byNumber.get(number)
          if (known?.field.wireType === wireType)
            values[known.name] = known.field.read(reader, values[known.name])
          else reader.skip(wireType, number)
        }
      } catch (error) {
        throw new GantryError('InvalidParameter', `malformed message: ${messageOf(error)}`, { cause: error })
      }
      return values as ValuesOf<F>
    },
  }
}

const asBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength)

/** A field of one value; the default value is not written. */
function single<T>(
  number: number,
  wireType: WireType,
  initial: () => T,
  isDefault: (value: T) => boolean,
  write: (writer: BinaryWriter, value: T) => void,
  read: (reader: BinaryReader) => T,
): Field<T> {
  return {
    number,
    wireType,
    initial,
    read,
    write(writer, value) {
      if (!isDefault(value)) write(writer.tag(number, wireType), value)
    },
  }
}

/** `string`. */
export const text = (number: number): Field<string> =>
  single(
    number,
    WireType.LengthDelimited,
    () => '',
    (value) => value === '',
    (writer, value) => writer.string(value),
    (reader) => reader.string(),
  )

/** `bytes`: what is read shares its memory with the message. */
export const bytes = (number: number): Field<Uint8Array> =>
  single<Uint8Array>(
    number,
    WireType.LengthDelimited,
    () => asBuffer(new Uint8Array(0)),
    (value) => value.length === 0,
    (writer, value) => writer.bytes(value),
    (reader) => asBuffer(reader.bytes()),
  )

/** `bool`. */
export const flag = (number: number): Field<boolean> =>
  single(
    number,
    WireType.Varint,
    () => false,
    (value) => !value,
    (writer, value) => writer.bool(value),
    (reader) => reader.bool(),
  )

/** `uint32`. */
export const uint32 = (number: number): Field<number> =>
  single(
    number,
    WireType.Varint,
    () => 0,
    (value) => value === 0,
    (writer, value) => writer.uint32(value),
    (reader) => reader.uint32(),
  )

/** `int32`, and enumerations. */
export const int32 = (number: number): Field<number> =>
  single(
    number,
    WireType.Varint,
    () => 0,
    (value) => value === 0,
    (writer, value) => writer.int32(value),
    (reader) => reader.int32(),
  )

/** `int64`: more than a number holds, so a bigint. */
export const int64 = (number: number): Field<bigint> =>
  single(
    number,
    WireType.Varint,
    () => 0n,
    (value) => value === 0n,
    (writer, value) => writer.int64(value),
    (reader) => BigInt(reader.int64()),
  )

/** An int64 of which a number is enough. Reading a larger one is an error. */
export const count = (number: number): Field<number> =>
  single(
    number,
    WireType.Varint,
    () => 0,
    (value) => value === 0,
    (writer, value) => writer.int64(value),
    (reader) => {
      const value = Number(reader.int64())
      if (!Number.isSafeInteger(value)) throw new Error(`${value} is out of range`)
      return value
    },
  )

/** A message inside of a message; absent as `undefined`. */
export const nested = <T>(number: number, type: MessageType<T>): Field<Partial<T> | undefined> =>
  single(
    number,
    WireType.LengthDelimited,
    () => undefined as Partial<T> | undefined,
    (value) => value === undefined,
    (writer, value) => writer.bytes(type.encode(value ?? {})),
    (reader) => type.decode(reader.bytes()),
  )

/** A list. Numbers are written one by one and read both so and packed. */
export const list = <T>(number: number, type: MessageType<T>): Field<readonly Partial<T>[]> => ({
  number,
  wireType: WireType.LengthDelimited,
  initial: () => [],
  write(writer, values) {
    for (const value of values) writer.tag(number, WireType.LengthDelimited).bytes(type.encode(value))
  },
  read: (reader, before) => append(before, type.decode(reader.bytes())),
})

/** `repeated string`. */
export const texts = (number: number): Field<readonly string[]> => ({
  number,
  wireType: WireType.LengthDelimited,
  initial: () => [],
  write(writer, values) {
    for (const value of values) writer.tag(number, WireType.LengthDelimited).string(value)
  },
  read: (reader, before) => append(before, reader.string()),
})

/** `repeated bytes`. */
export const pieces = (number: number): Field<readonly Uint8Array[]> => ({
  number,
  wireType: WireType.LengthDelimited,
  initial: () => [],
  write(writer, values) {
    for (const value of values) writer.tag(number, WireType.LengthDelimited).bytes(value)
  },
  read: (reader, before) => append(before, reader.bytes()),
})

/** Lists are only seen by their reader until the message is complete. */
function append<T>(before: readonly T[], value: T): readonly T[] {
  ;(before as T[]).push(value)
  return before
}

/** `map<string, …>`: entries are messages of a key and a value. */
export function map<T>(number: number, value: Field<T>): Field<ReadonlyMap<string, T>> {
  const entry = message({ key: text(1), value })
  return {
    number,
    wireType: WireType.LengthDelimited,
    initial: () => new Map(),
    write(writer, values) {
      for (const [key, item] of values)
        writer
          .tag(number, WireType.LengthDelimited)
          .bytes(entry.encode({ key, value: item } as Partial<MessageOf<typeof entry>>))
    },
    read(reader, before) {
      const item = entry.decode(reader.bytes())
      ;(before as Map<string, T>).set(item.key, item.value as T)
      return before
    },
  }
}
