import assert from 'node:assert/strict'
import { test } from 'node:test'
import { translateRuntimeError } from './errors.ts'

const text = (detail: string, action: 'create' | 'start' | 'exec' = 'create', command = '/x') =>
  translateRuntimeError(detail, { action, command }).message

const frame = 'failed to create shim task: OCI runtime create failed: runc create failed: '

test('what the user can mend is his error, with the code of a shell', () => {
  const cases: [detail: string, message: string, code: number][] = [
    [
      'executable file `no` not found in $PATH: No such file or directory',
      'exec: "no": executable file not found in $PATH',
      127,
    ],
    [
      'executable file `/no` not found in $PATH: No such file or directory',
      'exec: "/no": stat /no: no such file or directory',
      127,
    ],
    ['open executable: Permission denied', 'exec: "/x": permission denied', 126],
    [
      'runc create failed: unable to start container process: exec: "/x": permission denied',
      'exec: "/x": permission denied',
      126,
    ],
    [
      'time="2024-01-01T00:00:00Z" level=error msg="runc create failed: unable to start container process: exec: \\"no\\": executable file not found in $PATH"',
      'exec: "no": executable file not found in $PATH',
      127,
    ],
  ]
  for (const [detail, message, code] of cases) {
    const error = translateRuntimeError(detail, { action: 'create', command: '/x' })
    assert.equal(error.message, `${frame}unable to start container process: ${message}: unknown`)
    assert.deepEqual([error.kind, error.exitCode], ['InvalidParameter', code])
  }
})

test('everything else is a system error with the runtime’s words', () => {
  const error = translateRuntimeError('warning\nwrite cgroup: Device busy\n', {
    action: 'create',
    command: '/x',
  })
  assert.deepEqual([error.kind, error.exitCode], ['System', 128])
  assert.equal(error.message, `${frame}write cgroup: Device busy: unknown`)
  assert.match(text(''), /no message: unknown$/)
  assert.match(text('exec failed: boom', 'exec'), /^OCI runtime exec failed: exec failed: boom: unknown$/)
})

test('a limit of open files that leaves the runtime none is named as the reason', () => {
  const said = [
    'writing file `/sys/fs/cgroup/cpuset/g/c/cgroup.procs`: No space left on device',
    'openat2 `sys/fs/cgroup/memory`: Too many open files',
    'error creating scratch pipe: pipe2: too many open files',
    'fchown std stream 0: Bad file descriptor',
  ]
  for (const detail of said) {
    const failed = (openFiles?: number) =>
      translateRuntimeError(detail, { action: 'create', command: '/x', openFiles }).message
    const reason = 'too many open files: nofile=10 is less than the start of a process needs'
    assert.equal(failed(10), `${frame}unable to start container process: ${reason} (${detail}): unknown`)
    assert.equal(failed(), `${frame}${detail}: unknown`)
    assert.equal(failed(1024), `${frame}${detail}: unknown`)
  }
})

test('settings of the kernel: crun’s complaints in runc’s words', () => {
  const cases: [detail: string, message: string][] = [
    [
      'the sysctl `vm.swappiness` is not namespaced',
      'sysctl "vm.swappiness" is not in a separate kernel namespace',
    ],
    [
      'the sysctl `net.ipv4.ip_forward` requires a new network namespace',
      'sysctl "net.ipv4.ip_forward" not allowed in host network namespace',
    ],
    [
      'the sysctl `kernel.msgmax` requires a new IPC namespace',
      'sysctl "kernel.msgmax" is not allowed in the hosts ipc namespace',
    ],
    [
      'the sysctl `kernel.domainname` requires a new UTS namespace',
      'sysctl "kernel.domainname" is not in a separate kernel namespace',
    ],
    [
      'the sysctl `kernel.hostname` conflicts with OCI field `hostname`',
      'sysctl "kernel.hostname" is not allowed as it conflicts with the OCI "hostname" field',
    ],
    [
      'write to /proc/sys/kernel/shmmax: Invalid argument',
      'unable to start container process: error during container init: write /proc/sys/kernel/shmmax: invalid argument',
    ],
    [
      'open /proc/sys/net/nope: No such file or directory',
      'unable to start container process: error during container init: open /proc/sys/net/nope: no such file or directory',
    ],
  ]
  for (const [detail, message] of cases) assert.equal(text(detail), `${frame}${message}: unknown`)
})
