/** /etc/passwd and /etc/group of a container's file system, read without trusting what lies there. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { openInRoot, SystemCallError } from '@gantry/syscall'

export interface PasswdEntry {
  name: string
  uid: number
  gid: number
  home: string
}

export interface GroupEntry {
  name: string
  gid: number
  members: string[]
}

export interface UserDatabase {
  passwd: PasswdEntry[]
  group: GroupEntry[]
}

const O_PATH = 0o10000000
/** Larger ones are cut: no user list has that many people in it. */
const maximumBytes = 4 * 1024 * 1024

/** Reads both files below a directory. What is missing or no regular file (CVE-2024-9676) is empty. */
export function readUserDatabase(root: string): UserDatabase {
  const directory = openSync(root, O_PATH | constants.O_DIRECTORY)
  try {
    return {
      passwd: parsePasswd(readRegularFile(directory, '/etc/passwd')),
      group: parseGroup(readRegularFile(directory, '/etc/group')),
    }
  } finally {
    closeSync(directory)
  }
}

function readRegularFile(root: number, path: string): string {
  let found: number
  try {
    found = openInRoot(root, path, O_PATH)
  } catch (error) {
    if (error instanceof SystemCallError) return ''
    throw error
  }
  try {
    return readIfRegular(found)
  } finally {
    closeSync(found)
  }
}

/** Given as a mere path: to open a fifo or a device for reading would already wait or act. */
export function readIfRegular(path: number): string {
  if (!fstatSync(path).isFile()) return ''
  const file = openSync(`/proc/self/fd/${path}`, constants.O_RDONLY)
  try {
    const { size } = fstatSync(file)
    const buffer = Buffer.alloc(Math.min(size, maximumBytes))
    return buffer.toString('utf8', 0, readSync(file, buffer, 0, buffer.length, 0))
  } finally {
    closeSync(file)
  }
}

/** passwd(5). Lines that are none are skipped. */
export function parsePasswd(text: string): PasswdEntry[] {
  return fieldsOf(text).flatMap(([name = '', , uid, gid, , home = '']) => {
    const [user, primary] = [numeric(uid), numeric(gid)]
    return user === null || primary === null ? [] : [{ name, uid: user, gid: primary, home }]
  })
}

/** group(5). */
export function parseGroup(text: string): GroupEntry[] {
  return fieldsOf(text).flatMap(([name = '', , gid, members = '']) => {
    const group = numeric(gid)
    return group === null ? [] : [{ name, gid: group, members: members.split(',').filter(Boolean) }]
  })
}

function fieldsOf(text: string): string[][] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'))
}

function numeric(text: string | undefined): number | null {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null
}
