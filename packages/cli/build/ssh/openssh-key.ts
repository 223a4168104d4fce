/** OpenSSH's own format of private keys (PROTOCOL.key), which Node does not read. */
import { createPrivateKey, type JsonWebKeyInput, type KeyObject } from 'node:crypto'
import { SshReader } from './wire.ts'

type JsonWebKey = JsonWebKeyInput['key']

const magic = 'openssh-key-v1\0'

/** What a file with a passphrase is refused with. */
export class PassphraseNeeded extends Error {}

/** The first key of a file between the lines `BEGIN` and `END OPENSSH PRIVATE KEY`. Throws Error. */
export function parseOpenSshKey(pem: string): KeyObject {
  const [, body = ''] =
    /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]*)-----END OPENSSH PRIVATE KEY-----/.exec(pem) ?? []
  const file = new SshReader(Buffer.from(body, 'base64'))
  if (file.take(magic.length).toString('latin1') !== magic) throw new Error('it is no private key')
  const cipher = file.text()
  file.string() // how a passphrase becomes a key
  file.string()
  const keys = file.uint32()
  if (cipher !== 'none') throw new PassphraseNeeded('this private key is passphrase protected')
  if (keys !== 1) throw new Error(`it has ${keys} keys, not one`)
  file.string() // the public key, which the private one tells too
  const key = new SshReader(file.string())
  const checks = [key.uint32(), key.uint32()]
  if (checks[0] !== checks[1]) throw new Error('it is damaged')
  return createPrivateKey({ key: fields(key.text(), key), format: 'jwk' })
}

const curves: Readonly<Record<string, [crv: string, bytes: number]>> = {
  nistp256: ['P-256', 32],
  nistp384: ['P-384', 48],
  nistp521: ['P-521', 66],
}

function fields(type: string, key: SshReader): JsonWebKey {
  if (type === 'ssh-ed25519') {
    const x = key.string()
    return { kty: 'OKP', crv: 'Ed25519', x: encode(x), d: encode(key.string().subarray(0, 32)) }
  }
  if (type === 'ssh-rsa') return rsaFields(key)
  if (type.startsWith('ecdsa-sha2-')) {
    const [crv, bytes] = curves[key.text()] ?? []
    const point = key.string()
    if (!crv || !bytes || point.length !== 1 + 2 * bytes || point[0] !== 4)
      throw new Error(`unsupported key type ${JSON.stringify(type)}`)
    const d = key.number()
    const padded = Buffer.concat([Buffer.alloc(Math.max(0, bytes - d.length)), d])
    const [x, y] = [point.subarray(1, 1 + bytes), point.subarray(1 + bytes)]
    return { kty: 'EC', crv, x: encode(x), y: encode(y), d: encode(padded) }
  }
  throw new Error(`unsupported key type ${JSON.stringify(type)}`)
}

function rsaFields(key: SshReader): JsonWebKey {
  const [n, e, d, qi, p, q] = Array.from({ length: 6 }, () => key.number()) as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ]
  const exponent = (prime: Buffer): string => {
    const divisor = integer(prime) - 1n
    if (divisor <= 0n) throw new Error('it is damaged')
    return encode(bytesOf(integer(d) % divisor))
  }
  const parts = { n, e, d, p, q, qi }
  const encoded = Object.fromEntries(Object.entries(parts).map(([name, value]) => [name, encode(value)]))
  return { kty: 'RSA', ...encoded, dp: exponent(p), dq: exponent(q) }
}

const encode = (bytes: Buffer): string => bytes.toString('base64url')
const integer = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex') || '0'}`)

function bytesOf(value: bigint): Buffer {
  const hex = value.toString(16)
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
}
