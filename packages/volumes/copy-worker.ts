/** Worker thread of copy-up: copies one tree between two directories that the parent has opened, and ends. */
import { workerData } from 'node:worker_threads'
import { copyTree } from '@gantry/syscall'

const { from, to } = workerData as { from: number; to: number }
copyTree(from, to)
