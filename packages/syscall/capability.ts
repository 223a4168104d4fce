/** Capabilities of the calling thread (capset(2), which acts on one thread). */
import { bind, check } from './libc.ts'

const capget = bind('int capget(void *header, void *data)')
const capset = bind('int capset(void *header, const void *data)')

/** To go beyond quotas and into space that is reserved, among others. */
export const CAP_SYS_RESOURCE = 24
/** _LINUX_CAPABILITY_VERSION_3: effective, permitted and inheritable sets, of 32 capabilities twice. */
const version = 0x20080522
const setsBytes = 24

/** Runs `work`, which must be synchronous, without a capability below 32 being in effect. Throws SystemCallError. */
export function withoutCapability<T>(capability: number, work: () => T): T {
  const header = Buffer.alloc(8)
  header.writeUInt32LE(version, 0)
  const held = Buffer.alloc(setsBytes)
  check('capget', capget(header, held))
  const reduced = Buffer.from(held)
  reduced.writeUInt32LE((held.readUInt32LE(0) & ~(1 << capability)) >>> 0, 0)
  check('capset', capset(header, reduced))
  try {
    return work()
  } finally {
    check('capset', capset(header, held))
  }
}
