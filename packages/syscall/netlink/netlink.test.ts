import assert from 'node:assert/strict'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { bind, check, SystemCallError } from '../libc.ts'
import { NetworkNamespaces } from '../netns/namespaces.ts'
import { decodeAttributes, encodeAttributes, nest, text, textOf, u8, u32 } from './attributes.ts'
import { interfaceIndex } from './ifindex.ts'
import { ipBytes, ipText } from './ip.ts'
import { changeLink, decodeLink, macBytes, macText, newLink } from './links.ts'
import { addressMessage, decodeAddress, decodeRoute, routeMessage } from './routes.ts'
import { Rtnetlink } from './rtnetlink.ts'

const skip = process.getuid?.() !== 0 && 'needs root'
if (!skip) check('unshare', bind('int unshare(int flags)')(0x40000000))

test('attributes are padded, nested ones marked', () => {
  const encoded = encodeAttributes([text(3, 'eth0'), nest(18, [text(1, 'veth')]), u8(4, 1)])
  assert.equal(
    encoded.toString('hex'),
    `0900030065746830000000001000128009000100766574680000000005000400${'01000000'}`,
  )
  const decoded = decodeAttributes(encoded)
  assert.equal(textOf(decoded.get(3) as Buffer), 'eth0')
  const nested = decodeAttributes(decoded.get(18) as Buffer)
  assert.equal(textOf(nested.get(1) as Buffer), 'veth')
})

test('an attribute longer than its message is an error', () => {
  assert.throws(() => decodeAttributes(Buffer.from('ff00010000000000', 'hex')), RangeError)
  assert.throws(() => decodeAttributes(Buffer.from('0100010000000000', 'hex')), RangeError)
})

test('addresses as text and bytes', () => {
  for (const address of ['127.0.0.11', '::', '::1', 'fd00:1::2', '2001:db8:0:1:1:1:1:1', '1:0:0:2::3'])
    assert.equal(ipText(ipBytes(address)), address)
  assert.equal(ipText(ipBytes('FE80:0:0:0:0:0:0:0A')), 'fe80::a')
  assert.equal(ipText(ipBytes('::ffff:1.2.3.4')), '::ffff:102:304')
  for (const wrong of ['', '1.2.3', '1.2.3.4.5', 'fe80::1%eth0', 'x', ':::'])
    assert.throws(() => ipBytes(wrong), TypeError, wrong)
  assert.equal(macText(macBytes('02-42-AC-11-00-02')), '02:42:ac:11:00:02')
  assert.throws(() => macBytes('02:42:ac:11:00'), TypeError)
})

test('messages say what they were made of', () => {
  const link = decodeLink(
    newLink('bridge', { name: 'br0', mtu: 1400, address: '02:42:00:00:00:01', up: true }),
  )
  assert.deepEqual(link, {
    index: 0,
    name: 'br0',
    up: true,
    mtu: 1400,
    address: '02:42:00:00:00:01',
    master: 0,
    kind: 'bridge',
  })
  assert.equal(decodeLink(changeLink(7, { master: 3 })).master, 3)
  const address = { index: 4, address: '10.1.2.3', prefix: 24 }
  assert.deepEqual(decodeAddress(addressMessage(address)), address)
  const route = { destination: '10.0.0.0/8', gateway: '192.0.2.1', index: 2 }
  assert.deepEqual(decodeRoute(routeMessage(route)), route)
  assert.equal(decodeRoute(routeMessage({ destination: '::/0', gateway: 'fe80::1' }))?.destination, '::/0')
  assert.equal(u32(1, 0xffffffff).value.length, 4)
})

test('a pair into another namespace, and back to nothing', { skip }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-netns-'))
  const path = join(directory, 'other')
  using namespaces = new NetworkNamespaces()
  using rtnetlink = new Rtnetlink()
  namespaces.create(path)
  assert.throws(() => namespaces.create(path), /EEXIST/)
  const fd = namespaces.open(path)
  rtnetlink.addBridge('br0', { address: '02:42:0a:00:00:01', up: true })
  const master = interfaceIndex('br0') ?? 0
  rtnetlink.addVeth('veth0', { master, mtu: 1400, up: true }, { name: 'eth0', netns: fd, mtu: 1400 })
  assert.equal(rtnetlink.links().find(({ name }) => name === 'veth0')?.master, master)
  namespaces.enter(path, () => {
    using inside = new Rtnetlink()
    const index = interfaceIndex('eth0') ?? 0
    inside.addAddress({ index, address: '10.0.0.2', prefix: 24 })
    inside.setLink(index, { up: true })
    inside.addRoute({ destination: '0.0.0.0/0', gateway: '10.0.0.1' })
    assert.equal(inside.links().find(({ name }) => name === 'eth0')?.mtu, 1400)
    const byDefault = inside.routes().find(({ destination }) => destination === '0.0.0.0/0')
    assert.deepEqual(byDefault, { destination: '0.0.0.0/0', gateway: '10.0.0.1', index })
  })
  assert.equal(interfaceIndex('eth0'), undefined, 'we are back')
  assert.throws(
    () => rtnetlink.addBridge('br0'),
    (error: unknown) => error instanceof SystemCallError && error.code === 'EEXIST',
  )
  assert.throws(() => rtnetlink.deleteLink('nothing'), /netlink delete link nothing: ENODEV/)
  rtnetlink.deleteLink('veth0')
  namespaces.remove(path)
  namespaces.remove(path)
  rmdirSync(directory)
})

test('whatever happens inside a namespace, the thread comes back', { skip }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-netns-'))
  const path = join(directory, 'other')
  using namespaces = new NetworkNamespaces()
  using rtnetlink = new Rtnetlink()
  rtnetlink.addBridge('here0')
  namespaces.create(path)
  assert.throws(
    () =>
      namespaces.enter(path, () => {
        assert.equal(interfaceIndex('here0'), undefined)
        throw new Error('inside')
      }),
    /inside/,
  )
  assert.ok(interfaceIndex('here0'))
  namespaces.remove(path)
  rmdirSync(directory)
})
