import { messageOf } from '@gantry/errors'
import { type CommandRun, ExitError, type Flags } from '../framework/command.ts'
import { parseCpus } from '../options/cpus.ts'
import { parseRestartPolicy } from '../options/restart-policy.ts'

/** `container update`: changes limits and restart policy of containers, one after another. */
export const update: CommandRun = async (context, names, flags) => {
  if (!changeable.some((name) => flags.changed(name))) {
    throw new ExitError(1, 'you must provide one or more flags when using this command')
  }
  const body = updateBody(flags)
  const problems: string[] = []
  const warnings: string[] = []
  for (const id of names) {
    try {
      const answer = await context.client.call('ContainerUpdate', { path: { id }, body })
      warnings.push(...(answer.Warnings ?? []))
      context.stdout.write(`${id}\n`)
    } catch (error) {
      problems.push(messageOf(error))
    }
  }
  if (warnings.length > 0) context.stdout.write(`${warnings.join('\n')}\n`)
  if (problems.length > 0) throw new ExitError(1, problems.join('\n'))
}

const changeable = [
  'blkio-weight',
  'cpu-period',
  'cpu-quota',
  'cpu-rt-period',
  'cpu-rt-runtime',
  'cpu-shares',
  'cpus',
  'cpuset-cpus',
  'cpuset-mems',
  'memory',
  'memory-reservation',
  'memory-swap',
  'pids-limit',
  'restart',
]

function updateBody(flags: Flags) {
  const cpus = flags.string('cpus')
  const policy = flags.string('restart')
  return {
    BlkioWeight: flags.number('blkio-weight'),
    CpuPeriod: flags.number('cpu-period'),
    CpuQuota: flags.number('cpu-quota'),
    CpuRealtimePeriod: flags.number('cpu-rt-period'),
    CpuRealtimeRuntime: flags.number('cpu-rt-runtime'),
    CpuShares: flags.number('cpu-shares'),
    NanoCpus: cpus === '' ? 0 : parseCpus(cpus),
    CpusetCpus: flags.string('cpuset-cpus'),
    CpusetMems: flags.string('cpuset-mems'),
    Memory: flags.bytes('memory'),
    MemoryReservation: flags.bytes('memory-reservation'),
    MemorySwap: flags.bytes('memory-swap'),
    ...(flags.changed('pids-limit') && { PidsLimit: flags.number('pids-limit') }),
    RestartPolicy: policy === '' ? {} : parseRestartPolicy(policy),
  }
}
