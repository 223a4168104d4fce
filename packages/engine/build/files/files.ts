/** What the image builder does to files. */
import { closeSync, constants, mkdirSync, openSync, readlinkSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import type { Files, FileTree } from '@gantry/build'
import { GantryError } from '@gantry/errors'
import { parseDigest } from '@gantry/oci'
import { openInRoot, SystemCallError } from '@gantry/syscall'
import { resolveUser } from '../../spec/user.ts'
import { readUserDatabase } from '../../spec/user-database.ts'
import type { FileThreads } from './file-threads.ts'
import type { Listings } from './listings.ts'
import { cleanPath } from './sources.ts'

const O_PATH = 0o10000000

/** `directory` is for documents; what is in it belongs to running builds. */
export function createFiles(threads: FileThreads, directory: string, listings: Listings): Files {
  const tree = (root: string, memo?: string): FileTree => ({
    root,
    async digest(selection) {
      const job = { kind: 'digest' as const, root, selection, ...(memo !== undefined && { memo }) }
      const [text = '', listing = ''] = (await threads.run(job)).split(' ')
      const digest = parseDigest(text)
      listings.note(digest, Buffer.from(listing, 'base64'))
      return digest
    },
  })
  return {
    tree,
    remember: (digest) => listings.keep(digest),
    differences: (before, now) => listings.differences(before, now),
    copy: async ({ signal, ...request }) => void (await threads.run({ kind: 'copy', request }, signal)),
    makeDirectory: async (root, path, owner) =>
      void (await threads.run({ kind: 'directory', root, path, owner })),
    async documents(documents) {
      mkdirSync(directory, { recursive: true, mode: 0o700 })
      const root = await mkdtemp(join(directory, 'documents-'))
      for (const { name, content } of documents)
        await writeFile(join(root, posix.basename(name)), content, { mode: 0o644 })
      return {
        ...tree(root),
        async [Symbol.asyncDispose]() {
          await rm(root, { recursive: true, force: true })
        },
      }
    },
    async resolve(root, path) {
      const top = openSync(root, O_PATH | constants.O_DIRECTORY)
      try {
        const found = openInRoot(top, cleanPath(path) || '.', O_PATH)
        try {
          return readlinkSync(`/proc/self/fd/${found}`)
        } finally {
          closeSync(found)
        }
      } catch (error) {
        if (!(error instanceof SystemCallError) || error.code !== 'ENOENT') throw error
        throw new GantryError('NotFound', `${JSON.stringify(path)}: not found`)
      } finally {
        closeSync(top)
      }
    },
    async owner(root, user) {
      const { uid, gid } = resolveUser({ user, groupAdd: [], database: readUserDatabase(root) })
      // As in BuildKit, unlike the user of a process: a number alone is the group's, too.
      return { uid, gid: /^\d+$/.test(user) ? uid : gid }
    },
  }
}
