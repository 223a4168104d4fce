/** Worker thread that does jobs on directory trees, one after another. */
import { accessSync, closeSync, constants, openSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { parentPort } from 'node:worker_threads'
import { GantryError } from '@gantry/errors'
import { decompress, readTar, releasing } from '@gantry/oci'
import { rootOf, systemWords, takeRootOf } from '@gantry/syscall'
import { changesOf } from './changes.ts'
import { compareLayers } from './compare.ts'
import { compressFile } from './compress.ts'
import { describeError } from './describe-error.ts'
import { descriptorPath } from './descriptor-path.ts'
import { exploreLayers } from './explore.ts'
import { Inbox, released } from './inbox.ts'
import { type Answer, Control, type FromWorker, type Job, type ToWorker } from './messages.ts'
import { Outflow } from './outflow.ts'
import { packLayer, packNamed, packRoot } from './pack.ts'
import { describe, resolve, resolveDirectory } from './resolve.ts'
import { sealLayer } from './seal.ts'
import { packSquashed } from './squash.ts'
import { TreeRoot } from './tree-root.ts'
import { Unpacker } from './unpacker.ts'
import { openView, type TreeView, usersOf } from './view.ts'

const port = parentPort as NonNullable<typeof parentPort>
const send = (message: FromWorker, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer)
const answer = (value: Answer) => send({ kind: 'answer', answer: value })

/** Takes an archive's bytes while a job reads them. */
let inbox: Inbox | null = null

port.on('message', async (message: ToWorker) => {
  if (message.kind === 'pieces') inbox?.take(message.pieces)
  else if (message.kind === 'end') inbox?.end()
  else if (message.kind === 'abort') inbox?.abort()
  else await run(message.job, message.control)
})

async function run(job: Job, control: Int32Array<SharedArrayBuffer>): Promise<void> {
  // Until it is known that the thread is where it was before.
  let reusable = !('view' in job && job.view.kind === 'private')
  const output = new Outflow((bytes) => send({ kind: 'chunk', bytes }, [bytes.buffer]), control)
  try {
    await work(job, output, {
      returned: () => {
        reusable = true
      },
      stopped: () => {
        if (Atomics.load(control, Control.stop)) throw new GantryError('Cancelled', 'packing was given up')
      },
    })
    output.flush()
    send({ kind: 'done', reusable })
  } catch (error) {
    send({ kind: 'failed', error: describeError(error), reusable })
  } finally {
    inbox = null
    if (!reusable) port.close()
  }
}

interface Course {
  /** To be told when what was mounted for the job is gone. */
  returned(): void
  /** Throws when the job is to be given up. */
  stopped(): void
}

async function work(job: Job, output: Outflow, { returned, stopped }: Course): Promise<void> {
  if (job.kind === 'changes') return answer(changesOf(job))
  if (job.kind === 'layer') {
    answer(null)
    return packLayer(job, output)
  }
  if (job.kind === 'seal') return answer(sealLayer(job, job.path, stopped))
  if (job.kind === 'compress') {
    const tell = tellNowAndThen()
    const passed = (bytes: number) => {
      stopped()
      tell(bytes)
    }
    return answer(await compressFile(job.source, job.digest, job.path, passed))
  }
  if (job.kind === 'compare') {
    answer(null)
    for (const each of compareLayers(job.from, job.to)) output.write(Buffer.from(`${JSON.stringify(each)}\n`))
    return
  }
  if (job.kind === 'explore') {
    answer(null)
    return exploreLayers(job.layers, (line) => output.write(Buffer.from(`${JSON.stringify(line)}\n`)))
  }
  const opened = openView(job.view)
  try {
    await workIn(opened.root, job, output)
  } finally {
    opened.close()
    returned()
  }
}

/** Milliseconds between two tellings of how far a job is. */
const tellingInterval = 100

function tellNowAndThen(): (bytes: number) => void {
  let next = 0
  return (bytes) => {
    const now = performance.now()
    if (now < next) return
    next = now + tellingInterval
    send({ kind: 'progress', bytes })
  }
}

async function workIn(root: number, job: Extract<Job, { view: TreeView }>, output: Outflow): Promise<void> {
  if (job.kind === 'unpack') return await unpack(root, job)
  if (job.kind === 'export') {
    answer(null)
    return packRoot(root, output, job)
  }
  if (job.kind === 'squash') {
    answer(null)
    return packSquashed(root, job, output)
  }
  const found = resolve(root, job.path)
  try {
    answer(describe(root, found))
    if (job.kind === 'pack') packNamed(found, output, { leaveOut: job.leaveOut, users: usersOf(job.view) })
  } finally {
    closeSync(found.fd)
  }
}

async function unpack(root: number, job: Extract<Job, { kind: 'unpack' }>): Promise<void> {
  const directory = resolveDirectory(root, job.path)
  try {
    refuseReadOnly(root, directory)
  } finally {
    closeSync(directory)
  }
  inbox = new Inbox(() => send({ kind: 'more' }))
  answer(null)
  const { stream, compression } = await decompress(inbox)
  const users = usersOf(job.view)
  using _ = users ? takeRootOf(rootOf(users)) : undefined
  const tree = new TreeRoot(openSync(descriptorPath(root), constants.O_RDONLY))
  try {
    const { path, keepKinds, owner, most } = job
    const unpacker = new Unpacker(tree, {
      into: path,
      plain: true,
      keepKinds,
      users,
      ...(owner && { owner }),
      ...(most && { most }),
    })
    const bytes = compression === 'none' ? released(stream) : releasing(stream)
    for await (const entry of readTar(bytes)) {
      await unpacker.add(entry).catch(nameEntry(path, entry.header.name))
    }
    unpacker.finish()
  } finally {
    stream.destroy()
    tree.close()
  }
}

/** Says which entry it was that a call failed for. */
function nameEntry(directory: string, name: string): (error: unknown) => never {
  return (error) => {
    const { code, errno, syscall } = error as NodeJS.ErrnoException
    if (!code || !errno || !syscall) throw error
    const message = `${syscall} ${posix.join('/', directory, name)}: ${systemWords({ code, errno })}`
    throw new GantryError('System', message, { cause: error })
  }
}

/** The kernel knows which mounts may be written, however they came to be what they are. */
function refuseReadOnly(root: number, directory: number): void {
  try {
    accessSync(descriptorPath(directory), constants.W_OK)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EROFS') throw error
    const isRoot = mountId(root) === mountId(directory)
    const what = isRoot ? 'container rootfs' : 'mounted volume'
    throw new GantryError('Forbidden', `${what} is marked read-only`)
  }
}

function mountId(fd: number): string | undefined {
  return /^mnt_id:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1]
}
