/** What `system info` says of the cluster that the engine belongs to. */
import type { SystemInfo } from '@gantry/api'
import { humanDuration } from '../../format/units.ts'

type Swarm = SystemInfo['Swarm']

/** The lines below `Swarm: active`; none outside of a cluster. */
export function swarmLines(swarm: Swarm): string[] {
  if (!swarm || swarm.LocalNodeState === 'inactive' || swarm.LocalNodeState === 'locked') return []
  const managers = (swarm.RemoteManagers ?? []).map(({ Addr: address }) => `   ${address}`).sort()
  return [
    `  NodeID: ${swarm.NodeID ?? ''}`,
    ...(swarm.Error ? [`  Error: ${swarm.Error}`] : []),
    `  Is Manager: ${swarm.ControlAvailable ?? false}`,
    ...(swarm.ControlAvailable && !swarm.Error && swarm.LocalNodeState !== 'error'
      ? clusterLines(swarm)
      : []),
    `  Node Address: ${swarm.NodeAddr ?? ''}`,
    ...(managers.length > 0 ? ['  Manager Addresses:', ...managers] : []),
  ]
}

function clusterLines(swarm: NonNullable<Swarm>): string[] {
  const { Cluster: cluster } = swarm
  if (!cluster) return []
  const { Orchestration, Raft, Dispatcher, CAConfig, EncryptionConfig } = cluster.Spec ?? {}
  const pools = cluster.DefaultAddrPool
  const span = (nanoseconds: number | undefined) => humanDuration((nanoseconds ?? 0) / 1e6)
  return [
    `  ClusterID: ${cluster.ID ?? ''}`,
    `  Managers: ${swarm.Managers ?? 0}`,
    `  Nodes: ${swarm.Nodes ?? 0}`,
    ...(pools
      ? [
          `  Default Address Pool: ${pools.map((pool) => `${pool}  `).join('')}`,
          `  SubnetSize: ${cluster.SubnetSize ?? 0}`,
        ]
      : []),
    ...(cluster.DataPathPort ? [`  Data Path Port: ${cluster.DataPathPort}`] : []),
    '  Orchestration:',
    `   Task History Retention Limit: ${Orchestration?.TaskHistoryRetentionLimit ?? 0}`,
    '  Raft:',
    `   Snapshot Interval: ${Raft?.SnapshotInterval ?? 0}`,
    ...(Raft?.KeepOldSnapshots === undefined
      ? []
      : [`   Number of Old Snapshots to Retain: ${Raft.KeepOldSnapshots}`]),
    `   Heartbeat Tick: ${Raft?.HeartbeatTick ?? 0}`,
    `   Election Tick: ${Raft?.ElectionTick ?? 0}`,
    '  Dispatcher:',
    `   Heartbeat Period: ${span(Dispatcher?.HeartbeatPeriod)}`,
    '  CA Configuration:',
    `   Expiry Duration: ${span(CAConfig?.NodeCertExpiry)}`,
    `   Force Rotate: ${CAConfig?.ForceRotate ?? 0}`,
    ...(CAConfig?.ExternalCAs?.length
      ? ['   External CAs:', ...CAConfig.ExternalCAs.map(({ Protocol, URL }) => `     ${Protocol}: ${URL}`)]
      : []),
    `  Autolock Managers: ${EncryptionConfig?.AutoLockManagers ?? false}`,
    `  Root Rotation In Progress: ${cluster.RootRotationInProgress ?? false}`,
  ]
}
