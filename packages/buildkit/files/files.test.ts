import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@gantry/errors'
import { goMode, permissionsOf, typeOf } from './mode.ts'
import { comparePaths, PathOrder } from './order.ts'
import { type FileStat, Packet, packetType, Stat } from './packet.ts'
import { type FileSink, type PacketPeer, receiveTree } from './receive.ts'
import { sendTree } from './send.ts'

const file = (path: string, size = 0): FileStat => ({
  ...Stat.decode(new Uint8Array(0)),
  path,
  size,
  mode: goMode('file', 0o644),
})
const directory = (path: string): FileStat => ({ ...file(path), mode: goMode('directory', 0o755) })

test('modes are those that Go writes', () => {
  assert.equal(goMode('directory', 0o755), 0x800001ed)
  assert.equal(goMode('file', 0o4755), 0x008001ed)
  for (const type of ['file', 'directory', 'symlink', 'fifo', 'socket', 'block', 'character'] as const) {
    assert.equal(typeOf(goMode(type, 0o7777)), type)
    assert.equal(permissionsOf(goMode(type, 0o7777)), 0o7777)
  }
})

test('paths are in the order of a walk', () => {
  const paths = ['a', 'a/b', 'a/b/c', 'a/b-c', 'a-', 'b', 'ﬀ', '😀']
  assert.deepEqual([...paths].reverse().sort(comparePaths), paths)
})

test('only paths of a tree, in order, are accepted', () => {
  const accept = (...entries: FileStat[]) => {
    const order = new PathOrder()
    for (const { path, mode } of entries) order.accept(path, typeOf(mode) === 'directory')
  }
  accept(directory('a'), directory('a/b'), file('a/b/c'), file('a/c'), file('b'))
  const long = 'x'.repeat(256)
  for (const path of ['', '/', '/a', '..', '../a', 'a/', 'a//b', 'a/../b', 'a/.', '.', 'a\0', long])
    assert.throws(
      () => accept(directory('a'), file(path)),
      (error) => isKind(error, 'InvalidParameter'),
      path,
    )
  assert.throws(() => accept(file('b'), file('a')), /out of order/)
  assert.throws(() => accept(file('a'), file('a')), /out of order/)
  assert.throws(() => accept(file('a'), file('a/b')), /without its directory/)
  assert.throws(() => accept(directory('a'), file('b'), file('b/c')), /without its directory/)
})

/** Two ends of a stream of packets. */
function pair(): [PacketPeer & { close(): void }, PacketPeer & { close(): void }] {
  const end = () => {
    const queue: Buffer[] = []
    let wake = Promise.withResolvers<void>()
    let closed = false
    return {
      put(packet: Partial<Packet>) {
        queue.push(Packet.encode(packet))
        wake.resolve()
      },
      close() {
        closed = true
        wake.resolve()
      },
      async *messages() {
        for (;;) {
          for (const bytes of queue.splice(0)) yield Packet.decode(bytes)
          if (closed && queue.length === 0) return
          if (queue.length > 0) continue
          await wake.promise
          wake = Promise.withResolvers()
        }
      },
    }
  }
  const [a, b] = [end(), end()]
  const peer = (mine: typeof a, other: typeof a) => ({
    messages: () => mine.messages(),
    send: async (packet: Partial<Packet>) => other.put(packet),
    close: () => other.close(),
  })
  return [peer(a, b), peer(b, a)]
}

function memory(
  wanted: (stat: FileStat) => boolean,
): FileSink & { files: Map<string, string>; told: string[] } {
  const files = new Map<string, string>()
  const told: string[] = []
  return {
    files,
    told,
    entry(stat) {
      told.push(stat.path)
      return wanted(stat)
    },
    data: (path, data) => void files.set(path, (files.get(path) ?? '') + Buffer.from(data).toString()),
    complete: (path) => void files.set(path, files.get(path) ?? ''),
  }
}

test('a tree travels, and only what is wanted of it', async () => {
  const [sender, receiver] = pair()
  const source = {
    entries: () => [directory('a'), file('a/1', 3), file('a/2', 3), file('b', 0), file('c', 2)],
    content: ({ path }: FileStat) => (path === 'b' ? [] : [Buffer.from(path.slice(0, 1)), Buffer.from('/')]),
  }
  const sink = memory(({ path }) => path !== 'a/2')
  const [sent, received] = await Promise.all([sendTree(sender, source), receiveTree(receiver, sink)])
  assert.deepEqual(sink.told, ['a', 'a/1', 'a/2', 'b', 'c'])
  assert.deepEqual(
    [...sink.files],
    [
      ['a/1', 'a/'],
      ['b', ''],
      ['c', 'c/'],
    ],
  )
  assert.deepEqual([sent, received], [4, 4])
})

test('what the sender cannot read is an error on both sides', async () => {
  const [sender, receiver] = pair()
  const source = {
    entries: () => [file('a', 1)],
    content(): Buffer[] {
      throw new Error('a: permission denied')
    },
  }
  const sending = sendTree(sender, source)
  await assert.rejects(
    receiveTree(
      receiver,
      memory(() => true),
    ),
    /a: permission denied/,
  )
  receiver.close()
  await assert.rejects(sending, /a: permission denied/)
})

test('names and attributes are bounded, also of many files', async () => {
  const xattrs = new Map([['user.x', Buffer.alloc(3 << 20)]])
  const peer = {
    async *messages(): AsyncGenerator<Packet> {
      for (let n = 0; n < 100; n++) {
        const stat = { ...file(String(n).padStart(3, '0')), xattrs }
        yield { ...Packet.decode(new Uint8Array(0)), type: packetType.stat, stat }
      }
    },
    send: async () => undefined,
  }
  const receiving = receiveTree(
    peer,
    memory(() => false),
  )
  await assert.rejects(receiving, /bytes of names and attributes/)
})

test('a receiver cannot ask for ever', async () => {
  const [sender, receiver] = pair()
  const sending = sendTree(sender, { entries: () => [file('a', 1)], content: () => [] })
  for (let n = 0; n < 100; n++) await receiver.send({ type: packetType.request, id: 0 })
  receiver.close()
  await assert.rejects(sending, /more files are asked for than there are|unexpected packet/)
})

test('a hostile sender is found out', async () => {
  const cases: [Partial<Packet>[], RegExp][] = [
    [[{ type: packetType.stat, stat: file('..') }], /invalid path/],
    [[{ type: packetType.data, id: 0, data: Buffer.from('x') }], /not asked for/],
    [[{ type: packetType.finish }], /stopped early/],
    [[{ type: packetType.stat }, { type: packetType.stat, stat: file('late') }], /files/],
    [[{ type: 99 }], /unexpected packet/],
    [[{ type: packetType.stat, stat: file('a', 1) }], /not come whole/],
    [[{ type: packetType.stat, stat: file('a', -1) }], /below zero/],
    [[{ type: packetType.error, data: Buffer.from('sorry') }], /sorry/],
  ]
  for (const [packets, expected] of cases) {
    const [sender, receiver] = pair()
    for (const packet of packets) await sender.send(packet)
    sender.close()
    await assert.rejects(
      receiveTree(
        receiver,
        memory(() => true),
      ),
      expected,
    )
  }
})

test('a file that grows is taken as long as it was', async () => {
  const [sender, receiver] = pair()
  const sink = memory(() => true)
  const source = { entries: () => [file('a', 2)], content: () => [Buffer.from('1234'), Buffer.from('5')] }
  await Promise.all([sendTree(sender, source), receiveTree(receiver, sink)])
  assert.equal(sink.files.get('a'), '12')
})
