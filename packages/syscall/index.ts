export { Cgroup, type CgroupLayout, cgroupLayout } from './cgroup.ts'
export { allowRealtime, type LiftedLimit, restoreLimits } from './cgroup-limits.ts'
export type { CgroupUsage } from './cgroup-usage.ts'
export { copyTree } from './copy-tree.ts'
export { dataPieces } from './holes.ts'
export { canMapIds } from './id-map-probe.ts'
export { bindIdMapped, type IdMap, takeRootOf } from './id-mapped.ts'
export { copyMetadata } from './inode.ts'
export { bind, check, SystemCallError } from './libc.ts'
export { MountFlag, mount, UnmountFlag, unmount } from './mount.ts'
export { attachMounts, copyMounts } from './mount-copy.ts'
export { releaseNamespace } from './namespace-file.ts'
export { hasCarrier } from './netlink/carrier.ts'
export { interfaceIndex } from './netlink/ifindex.ts'
export { ipBytes, ipText } from './netlink/ip.ts'
export type { Link } from './netlink/links.ts'
export { macBytes, macText } from './netlink/links.ts'
export { Rtnetlink } from './netlink/rtnetlink.ts'
export { NetworkNamespaces } from './netns/namespaces.ts'
export {
  boundPort,
  openReusingSocket,
  openSocket,
  shrinkReceiveBuffer,
  type TransportProtocol,
} from './netns/sockets.ts'
export { Nftables } from './nftables/nftables.ts'
export { openAll } from './open-all.ts'
export { isMountPoint, openBeneath, openInRoot } from './open-in-root.ts'
export { mountOverlay } from './overlay.ts'
export { cacheInHugePages } from './page-cache.ts'
export {
  createFileAt,
  makeDirectoryAt,
  makeLinkAt,
  makeNodeAt,
  makeSymlinkAt,
  NodeType,
  readLinkOf,
  removeDirectoryAt,
  removeFileAt,
  setTimesAt,
  setTimesOf,
  syncFileSystem,
} from './path.ts'
export { preallocate } from './preallocate.ts'
export { cloneMount, enterPrivateMounts } from './private-mounts.ts'
export {
  identify,
  isRunning,
  type ProcessIdentity,
  processStatus,
  signalProcess,
  signalProcessGroup,
} from './process.ts'
export { limitOpenFiles } from './process-limit.ts'
export {
  enforcesProjects,
  limitProject,
  type ProjectUsage,
  projectOf,
  projectUsage,
  setProject,
} from './project-quota.ts'
export { bytesUnsent, bytesWaiting } from './queue-length.ts'
export { sealBytes, sealProgram } from './sealed-file.ts'
export { connectSeqpacket } from './seqpacket.ts'
export { openPipe, reap, spawnProgram } from './spawn.ts'
export { failedCall, systemWords } from './system-words.ts'
export { sendDatagram, UnixDatagramSender } from './unix-datagram.ts'
export {
  createNetworkNamespaceIn,
  createUserNamespace,
  type IdMapping,
  type IdRange,
  insideId,
  outsideId,
  rootOf,
} from './user-namespace.ts'
export { getXattr, setXattr, setXattrOf, xattrsOf } from './xattr.ts'
