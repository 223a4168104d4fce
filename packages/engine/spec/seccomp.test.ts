import assert from 'node:assert/strict'
import { test } from 'node:test'
import { customSeccomp, defaultSeccomp, type OciSeccomp } from './seccomp.ts'

const amd64 = { architecture: 'amd64', kernel: [6, 1] } as const
const allows = (profile: OciSeccomp, name: string) =>
  profile.syscalls.some(({ names, action }) => action === 'SCMP_ACT_ALLOW' && names?.includes(name))

test('rules follow the capabilities', () => {
  assert.equal(allows(defaultSeccomp(amd64, []), 'bpf'), false)
  assert.equal(allows(defaultSeccomp(amd64, ['CAP_SYS_ADMIN']), 'bpf'), true)
  const clone3 = (capabilities: string[]) =>
    defaultSeccomp(amd64, capabilities).syscalls.filter(({ names }) => names?.[0] === 'clone3')
  assert.equal(clone3([])[0]?.errnoRet, 38)
  assert.deepEqual(clone3(['CAP_SYS_ADMIN']), [])
})

test('rules follow the processor and the kernel', () => {
  assert.equal(allows(defaultSeccomp(amd64, []), 'arch_prctl'), true)
  const arm = defaultSeccomp({ architecture: 'arm64', kernel: [6, 1] }, [])
  assert.equal(allows(arm, 'arch_prctl'), false)
  assert.deepEqual(arm.architectures, ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'])
  assert.equal(allows(defaultSeccomp({ architecture: 'amd64', kernel: [4, 7] }, []), 'ptrace'), false)
  assert.equal(allows(defaultSeccomp({ architecture: 'amd64', kernel: [4, 8] }, []), 'ptrace'), true)
})

test('a custom profile may be of the oldest form; what is none is refused', () => {
  const text = JSON.stringify({
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ name: 'chmod', action: 'SCMP_ACT_ERRNO' }],
  })
  assert.deepEqual(customSeccomp(text, amd64, [])?.syscalls, [{ names: ['chmod'], action: 'SCMP_ACT_ERRNO' }])
  assert.throws(() => customSeccomp('{', amd64, []), /^GantryError: Decoding seccomp profile failed: /)
  assert.throws(
    () => customSeccomp('[]', amd64, []),
    /cannot unmarshal array into Go value of type seccomp.Seccomp/,
  )
  assert.equal(customSeccomp('{}', amd64, []), null)
  const both = (profile: object) => () =>
    customSeccomp(JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', ...profile }), amd64, [])
  assert.throws(
    both({ architectures: ['SCMP_ARCH_X86'], archMap: [{ architecture: 'SCMP_ARCH_X86_64' }] }),
    /'architectures' and 'archMap' were specified in the seccomp profile/,
  )
  assert.throws(
    both({ syscalls: [{ name: 'chmod', names: ['chown'], action: 'SCMP_ACT_ERRNO' }] }),
    /'name' and 'names' were specified in the seccomp profile/,
  )
})
