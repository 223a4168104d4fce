/** A process to be killed: it creates tasks over a bench's directory as told, and reports each step on its stdout. */
import { Bench } from './testing.ts'

const [directory = '', steps = '', ...command] = process.argv.slice(2)

const bench = new Bench(directory, 'crun')
await bench.restart()
const task = await bench.create(command, { stdin: 'open' })
process.stdout.write(`created ${task.id} ${task.pid}\n`)
if (steps.includes('start')) {
  await task.start()
  process.stdout.write('started\n')
}
await new Promise(() => setInterval(() => {}, 1000))
