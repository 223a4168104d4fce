/** Private keys as an agent uses them: their public half, and signatures. */
import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { PassphraseNeeded, parseOpenSshKey } from './openssh-key.ts'
import { mpint, sshString } from './wire.ts'

export interface AgentKey {
  /** The public key (RFC 4253, section 6.6; RFC 5656; RFC 8709). */
  blob: Buffer
  /** A signature over `data`; `flags` are those of a request to sign, see `SignFlag`. */
  sign(data: Uint8Array, flags: number): Buffer
}

/** Which hash an RSA key signs with (draft-ietf-sshm-ssh-agent): SHA-1 without either. */
export const SignFlag = { rsaSha256: 2, rsaSha512: 4 } as const

/** Reads a private key of OpenSSH's format, PKCS#1, PKCS#8 or SEC 1. Throws Error, PassphraseNeeded for one with a passphrase. */
export function parsePrivateKey(text: string): AgentKey {
  if (text.includes('-----BEGIN OPENSSH PRIVATE KEY-----')) return agentKey(parseOpenSshKey(text))
  if (!text.includes('PRIVATE KEY-----')) throw new Error('ssh: no key found')
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(text))
    throw new PassphraseNeeded('this private key is passphrase protected')
  return agentKey(createPrivateKey(text))
}

function agentKey(key: KeyObject): AgentKey {
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return ed25519(key)
    case 'rsa':
      return rsa(key)
    case 'ec':
      return ecdsa(key)
    default:
      throw new Error(`unsupported key type ${JSON.stringify(key.asymmetricKeyType)}`)
  }
}

const decode = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64url')

function ed25519(key: KeyObject): AgentKey {
  const name = sshString('ssh-ed25519')
  return {
    blob: Buffer.concat([name, sshString(decode(key.export({ format: 'jwk' }).x))]),
    sign: (data) => Buffer.concat([name, sshString(sign(null, data, key))]),
  }
}

function rsa(key: KeyObject): AgentKey {
  const { e, n } = key.export({ format: 'jwk' })
  return {
    blob: Buffer.concat([sshString('ssh-rsa'), mpint(decode(e)), mpint(decode(n))]),
    sign(data, flags) {
      const [name, hash] =
        flags & SignFlag.rsaSha512
          ? ['rsa-sha2-512', 'sha512']
          : flags & SignFlag.rsaSha256
            ? ['rsa-sha2-256', 'sha256']
            : ['ssh-rsa', 'sha1']
      return Buffer.concat([sshString(name), sshString(sign(hash, data, key))])
    },
  }
}

const curves: Readonly<Record<string, [name: string, hash: string]>> = {
  'P-256': ['nistp256', 'sha256'],
  'P-384': ['nistp384', 'sha384'],
  'P-521': ['nistp521', 'sha512'],
}

function ecdsa(key: KeyObject): AgentKey {
  // Node cannot write every curve as a JSON web key, and none that ssh does not know is wanted.
  const { crv = '', x, y } = key.export({ format: 'jwk' })
  const curve = curves[crv]
  if (!curve) throw new Error(`unsupported key type ${JSON.stringify(crv)}`)
  const [curveName, hash] = curve
  const name = sshString(`ecdsa-sha2-${curveName}`)
  const point = Buffer.concat([Buffer.of(4), decode(x), decode(y)])
  return {
    blob: Buffer.concat([name, sshString(curveName), sshString(point)]),
    sign(data) {
      const both = sign(hash, data, { key, dsaEncoding: 'ieee-p1363' })
      const half = both.length / 2
      const pair = Buffer.concat([mpint(both.subarray(0, half)), mpint(both.subarray(half))])
      return Buffer.concat([name, sshString(pair)])
    },
  }
}
