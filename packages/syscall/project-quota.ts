/**
 * Project quotas (xfs, ext4): a number on a directory that what is made in it inherits, and a limit of what all files of
 * that number take together. ioctl_xfs_fsgetxattr(2), quotactl(2); quotactl_fd needs Linux 5.14.
 */
import { closeSync, constants, openSync } from 'node:fs'
import { bind, check } from './libc.ts'

const ioctl = bind('int ioctl(int fd, unsigned long request, void *argument)')
const quotactlFd = bind(
  'long syscall(long number, unsigned int fd, unsigned int command, unsigned int id, void *argument)',
)

/** The same on x86-64 and arm64. */
const SYS_quotactl_fd = 443
const FS_IOC_FSGETXATTR = 0x801c581f
const FS_IOC_FSSETXATTR = 0x401c5820
const FS_XFLAG_PROJINHERIT = 0x200

const PRJQUOTA = 2
const Q_GETQUOTA = 0x800007
const Q_SETQUOTA = 0x800008
/** 'X' << 8, and 5. */
const Q_XGETQSTAT = 0x5805
const FS_QUOTA_PDQ_ENFD = 1 << 5
const QIF_BLIMITS = 1

/** Bytes that limits are counted in. */
const blockBytes = 1024

/** What the files of a project take, and may take (0: no limit). Bytes, and a number of files. */
export interface ProjectUsage {
  limit: number
  bytes: number
  files: number
}

function withDirectory<T>(path: string, use: (fd: number) => T): T {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    return use(fd)
  } finally {
    closeSync(fd)
  }
}

/** The project of a directory; 0 is none. Throws SystemCallError, ENOTTY where the file system has no projects. */
export function projectOf(directory: string): number {
  return withDirectory(directory, (fd) => attributesOf(fd).readUInt32LE(12))
}

/** Gives an empty directory to a project, and all that will be made in it. Throws SystemCallError. */
export function setProject(directory: string, project: number): void {
  withDirectory(directory, (fd) => {
    const attributes = attributesOf(fd)
    attributes.writeUInt32LE((attributes.readUInt32LE(0) | FS_XFLAG_PROJINHERIT) >>> 0, 0)
    attributes.writeUInt32LE(project, 12)
    check('ioctl', ioctl(fd, FS_IOC_FSSETXATTR, attributes), `FS_IOC_FSSETXATTR ${directory}`)
  })
}

/** struct fsxattr: flags, extent size, extents, project, copy-on-write extent size, 8 bytes of padding. */
function attributesOf(fd: number): Buffer {
  const attributes = Buffer.alloc(28)
  check('ioctl', ioctl(fd, FS_IOC_FSGETXATTR, attributes), 'FS_IOC_FSGETXATTR')
  return attributes
}

/** Whether the file system that a directory is on keeps to limits of projects. */
export function enforcesProjects(directory: string): boolean {
  try {
    // struct fs_quota_stat: a version and a byte of padding, then the flags.
    const state = Buffer.alloc(256)
    withDirectory(directory, (fd) => quota(fd, Q_XGETQSTAT, 0, state))
    return (state.readUInt16LE(2) & FS_QUOTA_PDQ_ENFD) !== 0
  } catch {
    return false
  }
}

/** Throws SystemCallError. */
export function projectUsage(directory: string, project: number): ProjectUsage {
  const usage = Buffer.alloc(dqblkBytes)
  try {
    withDirectory(directory, (fd) => quota(fd, Q_GETQUOTA, project, usage))
  } catch (error) {
    // A project that nobody has ever used.
    if ((error as { code?: string }).code === 'ESRCH') return { limit: 0, bytes: 0, files: 0 }
    throw error
  }
  return {
    limit: Number(usage.readBigUInt64LE(0)) * blockBytes,
    bytes: Number(usage.readBigUInt64LE(16)),
    files: Number(usage.readBigUInt64LE(40)),
  }
}

/** Limits what a project may take on the file system of a directory; 0 takes the limit away. Throws SystemCallError. */
export function limitProject(directory: string, project: number, bytes: number): void {
  const limit = Buffer.alloc(dqblkBytes)
  const blocks = BigInt(Math.ceil(bytes / blockBytes))
  limit.writeBigUInt64LE(blocks, 0)
  limit.writeBigUInt64LE(blocks, 8)
  limit.writeUInt32LE(QIF_BLIMITS, 64)
  withDirectory(directory, (fd) => quota(fd, Q_SETQUOTA, project, limit))
}

/** struct if_dqblk: hard and soft limit of blocks, bytes, hard and soft limit of files, files, two times, what is valid. */
const dqblkBytes = 72

function quota(fd: number, command: number, project: number, argument: Buffer): void {
  const request = ((command << 8) | PRJQUOTA) >>> 0
  check('quotactl_fd', quotactlFd(SYS_quotactl_fd, fd, request, project, argument))
}
