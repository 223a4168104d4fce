import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { suite, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { isKind } from '@gantry/errors'
import { decompress, decompressRare } from '../compression.ts'
import { decodeBzip2 } from './bzip2.ts'
import type { Decode } from './decoder.ts'
import { decodeXz } from './xz.ts'

const formats: Record<'bzip2' | 'xz', Decode> = { bzip2: decodeBzip2, xz: decodeXz }

function pack(command: 'bzip2' | 'xz', content: Uint8Array, ...options: string[]): Buffer {
  return execFileSync(command, ['-c', ...options], { input: content, maxBuffer: 1 << 30 })
}

/** Decodes bytes that come in pieces; also checks that no piece of output is large. */
async function decode(format: 'bzip2' | 'xz', bytes: Uint8Array, step = bytes.length || 1): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  const input = async function* () {
    for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step)
  }
  for await (const piece of formats[format](input())) {
    assert.ok(piece.length > 0 && piece.length <= 256 * 1024)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

/** What compressors are known to trip over. */
function contents(): Record<string, Buffer> {
  const words = Array.from({ length: 60_000 }, () => randomInt(50_000).toString(36)).join(' ')
  const runs = Buffer.concat(
    Array.from({ length: 3000 }, () => Buffer.alloc(randomInt(1, 600), randomInt(256))),
  )
  return {
    nothing: Buffer.alloc(0),
    'one byte': Buffer.from('x'),
    text: Buffer.from(words),
    noise: randomBytes(250_000),
    zeros: Buffer.alloc(3_000_000),
    'runs of all lengths': runs,
    'runs of 4, 5, 259 and 260': Buffer.from('aaaabbbbb'.repeat(5) + 'c'.repeat(259) + 'd'.repeat(260)),
    'a program': readFileSync(process.execPath).subarray(0, 500_000),
  }
}

suite('bzip2 and xz', () => {
  for (const [name, content] of Object.entries(contents())) {
    test(`${name}, as the real tools compress it`, async () => {
      for (const options of [['-1'], ['-9']]) {
        const inBzip2 = pack('bzip2', content, ...options)
        assert.ok((await decode('bzip2', inBzip2)).equals(content))
        assert.ok((await decode('bzip2', inBzip2, 1 + randomInt(70_000))).equals(content))
        for (const check of options[0] === '-1' ? ['none', 'crc32', 'crc64'] : ['crc64']) {
          const inXz = pack('xz', content, ...options, '-C', check)
          assert.ok((await decode('xz', inXz, 1 + randomInt(70_000))).equals(content))
        }
      }
    })
  }

  test('streams one after another, as parallel compressors make them', async () => {
    const parts = [Buffer.from('one'), randomBytes(100_000), Buffer.alloc(0), Buffer.alloc(1_000_000, 'z')]
    for (const format of ['bzip2', 'xz'] as const) {
      const packed = Buffer.concat(parts.map((part) => pack(format, part)))
      for (const step of [packed.length, 5000, 61]) {
        assert.ok((await decode(format, packed, step)).equals(Buffer.concat(parts)), `${format} ${step}`)
      }
    }
    const [first, second] = [pack('xz', Buffer.from('a')), pack('xz', Buffer.from('b'))]
    const padded = Buffer.concat([first, Buffer.alloc(8), second, Buffer.alloc(4)])
    assert.equal((await decode('xz', padded)).toString(), 'ab')
    const blocks = pack('xz', parts[3] as Buffer, '--block-size=65536', '-T2')
    assert.ok((await decode('xz', blocks)).equals(parts[3] as Buffer))
  })

  test('what ends early is an error, wherever it ends', async () => {
    const content = Buffer.from('some text that is compressed. '.repeat(50))
    for (const format of ['bzip2', 'xz'] as const) {
      const packed = pack(format, content)
      for (let length = 1; length < packed.length; length++) {
        const cut = packed.subarray(0, length)
        const kind = { kind: 'InvalidParameter', message: /unexpected EOF|invalid/ }
        await assert.rejects(decode(format, cut), kind, `${format} ${length}`)
      }
    }
  })

  test('a byte that was changed is noticed, or does not matter', async () => {
    const content = Buffer.concat([Buffer.from('text '.repeat(300)), randomBytes(500)])
    for (const format of ['bzip2', 'xz'] as const) {
      const packed = pack(format, content)
      for (let at = 0; at < packed.length; at++) {
        const changed = Buffer.from(packed)
        changed[at] = (changed[at] as number) ^ (1 << randomInt(8))
        try {
          assert.ok((await decode(format, changed)).equals(content), `${format} ${at}`)
        } catch (error) {
          assert.ok(isKind(error, 'InvalidParameter'), `${format} ${at}: ${error}`)
        }
      }
    }
  })

  test('noise behind a good beginning is an error and no crash', async () => {
    for (const format of ['bzip2', 'xz'] as const) {
      const packed = pack(format, randomBytes(5000))
      for (let round = 0; round < 200; round++) {
        const start = randomInt(format === 'xz' ? 12 : 14, 60)
        const noisy = Buffer.concat([packed.subarray(0, start), randomBytes(3000)])
        await assert.rejects(decode(format, noisy), { kind: 'InvalidParameter' })
      }
    }
  })

  test('what follows the data is an error', async () => {
    const after = Buffer.from('more')
    for (const format of ['bzip2', 'xz'] as const) {
      const bytes = Buffer.concat([pack(format, Buffer.from('x')), after])
      await assert.rejects(decode(format, bytes), /invalid/)
    }
  })

  test('a dictionary that would take much memory is refused', async () => {
    const packed = pack('xz', Buffer.from('x'), '--lzma2=dict=256MiB')
    await assert.rejects(decode('xz', packed), /dictionary is larger than 64 MiB/)
    const unknown = pack('xz', Buffer.from('x'), '-C', 'sha256')
    await assert.rejects(decode('xz', unknown), /unsupported options/)
  })

  test('CVE-2023-25153: a bomb is read in small pieces, as far as somebody wants it', async () => {
    const zeros = Buffer.alloc(16 << 20)
    for (const format of ['bzip2', 'xz'] as const) {
      const packed = pack(format, zeros)
      const bomb = Buffer.concat(Array.from({ length: 100 }, () => packed))
      const { compression, stream } = await decompress(Readable.from([bomb]))
      assert.equal(compression, format)
      let read = 0
      for await (const chunk of stream) {
        assert.ok(chunk.length <= 256 * 1024)
        read += chunk.length
        if (read > 30 << 20) break
      }
      stream.destroy()
    }
  })

  test('a thread of its own decodes, and says what is wrong', async () => {
    const content = randomBytes(1_000_000)
    for (const format of ['bzip2', 'xz'] as const) {
      const packed = pack(format, content)
      const chunks: Buffer[] = []
      const source = Readable.from([packed.subarray(0, 3), packed.subarray(3)])
      for await (const chunk of await decompressRare(source)) chunks.push(chunk)
      assert.ok(Buffer.concat(chunks).equals(content))
      const { stream } = await decompress(Readable.from([packed.subarray(0, 1000)]))
      const reading = (async () => {
        for await (const _ of stream);
      })()
      await assert.rejects(reading, { kind: 'InvalidParameter', message: /unexpected EOF/ })
    }
  })

  test('broken data that nobody reads yet fails the reading, and nothing else', async () => {
    const { stream } = await decompress(Readable.from([gzipSync('x'.repeat(999)).subarray(0, 20)]))
    assert.ok(stream instanceof Readable)
    await new Promise<void>((resolve) => stream.once('close', resolve))
    const reading = (async () => {
      for await (const _ of stream);
    })()
    await assert.rejects(reading, { code: 'Z_BUF_ERROR' })
  })

  test('a source that fails, fails the reading with its own error', async () => {
    const packed = pack('xz', randomBytes(100_000))
    const source = Readable.from(
      (async function* () {
        yield packed.subarray(0, 50_000)
        throw new Error('connection lost')
      })(),
    )
    const { stream } = await decompress(source)
    const reading = (async () => {
      for await (const _ of stream);
    })()
    await assert.rejects(reading, /connection lost/)
  })

  test('anything else is given on as it is', async () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('BZ'), randomBytes(100_000)]) {
      const chunks: Buffer[] = []
      for await (const chunk of await decompressRare(Readable.from(bytes.length ? [bytes] : [])))
        chunks.push(chunk)
      assert.ok(Buffer.concat(chunks).equals(bytes))
    }
  })
})
