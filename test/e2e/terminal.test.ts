/** A terminal works as a terminal, through both commands: size, keys, detach, exit codes. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { entryHeader, tarOf } from '@gantry/oci'
import { repository, suiteDaemon } from './harness.ts'
import { hasSize, openTerminal } from './terminal.ts'

for (const name of ['gantry', 'docker'] as const) {
  suite(`${name} in a terminal`, () => {
    const daemon = suiteDaemon()
    const command = () => `${name === 'gantry' ? `${repository}dist/gantry` : 'docker'} -H ${daemon().host}`

    test('run -it: a shell with the size of the window, also when that changes; its exit code at the end', async (t) => {
      const terminal = await openTerminal(t, { columns: 91, rows: 27 })
      await terminal.type(`${command()} run -it --rm --name shell busybox sh; echo code=$?`)
      await terminal.press('Enter')
      await terminal.shows(/\/ # $/m)
      await terminal.type('stty size; tty; echo term=$TERM')
      await terminal.press('Enter')
      await terminal.shows(/27 91\n\/dev\/(pts\/0|console)\nterm=xterm/)
      await terminal.resize({ columns: 70, rows: 20 })
      await terminal.type(hasSize('20 70'))
      await terminal.press('Enter')
      await terminal.shows(/^20 70/m)
      await terminal.type('exit 42')
      await terminal.press('Enter')
      await terminal.shows(/code=42/)
    })

    test('Ctrl-C reaches the process, and a signal without a terminal is proxied', async (t) => {
      const terminal = await openTerminal(t)
      await terminal.type(
        `${command()} run -it --rm busybox sh -c 'trap "echo caught; exit 5" INT; echo ready; while :; do sleep 0.1; done'; echo code=$?`,
      )
      await terminal.press('Enter')
      await terminal.shows(/^ready/m)
      await terminal.press('C-c')
      await terminal.shows(/caught[\s\S]*code=5/)
      await terminal.type(
        // The shell gets the Ctrl-C too, and would forget about the second command.
        `clear; trap : INT; ${command()} run --rm busybox sh -c 'trap "echo proxied; exit 6" INT; echo armed; while :; do sleep 0.1; done'; echo code=$?`,
      )
      await terminal.press('Enter')
      await terminal.shows(/^armed/m)
      await terminal.press('C-c')
      await terminal.shows(/proxied[\s\S]*code=6/)
    })

    test('load tells of its progress while the archive is still being sent', async (t) => {
      const [rootfs, archive] = [`${daemon().root}/large-root.tar`, `${daemon().root}/large.tar`]
      const content = randomBytes(20_000_000)
      const header = entryHeader({ name: 'large', type: 'file', size: content.length })
      await writeFile(rootfs, await tarOf([{ header, content: [content] }]))
      for (const args of [
        ['import', rootfs, 'large'],
        ['save', '-o', archive, 'large'],
        ['rmi', 'large'],
      ])
        assert.equal((await daemon().gantry(args)).exitCode, 0)
      const terminal = await openTerminal(t)
      await terminal.type(`${command()} load -i ${archive}; echo code=$?`)
      await terminal.press('Enter')
      await terminal.shows(/: Loading layer .*\nLoaded image: large:latest\ncode=0/)
      await daemon().gantry(['rmi', 'large'])
    })

    test('ctrl-p ctrl-q detaches, attach comes back, detach keys can be chosen', async (t) => {
      const terminal = await openTerminal(t)
      await terminal.type(`${command()} run -it --name detach busybox sh; echo code=$?`)
      await terminal.press('Enter')
      await terminal.shows(/\/ # $/m)
      await terminal.press('C-p', 'C-q')
      await terminal.shows(/code=0/)
      const { stdout } = await daemon()[name](['inspect', '-f', '{{.State.Running}}', 'detach'])
      assert.equal(stdout, 'true\n')
      await terminal.type(`clear; ${command()} attach --detach-keys ctrl-x,d detach; echo again=$?`)
      await terminal.press('Enter')
      await terminal.type('echo back-$((1+1))')
      await terminal.press('Enter')
      await terminal.shows(/back-2/)
      await terminal.press('C-x')
      await terminal.type('d')
      // Docker's command ends with 1 when it leaves a container by the keys given to attach.
      await terminal.shows(/read escape sequence\s+again=[01]/)
      await daemon()[name](['rm', '-f', 'detach'])
    })

    test('exec -it: a terminal of its own', async (t) => {
      const terminal = await openTerminal(t, { columns: 77, rows: 22 })
      await daemon()[name](['run', '-d', '--name', 'host', 'busybox', 'sleep', '600'])
      await terminal.type(
        `${command()} exec -it host sh -c '${hasSize('22 77')}; read line; echo got $line; exit 9'; echo code=$?`,
      )
      await terminal.press('Enter')
      await terminal.shows(/^22 77/m)
      await terminal.type('typed')
      await terminal.press('Enter')
      await terminal.shows(/got typed[\s\S]*code=9/)
      await daemon()[name](['rm', '-f', 'host'])
    })

    test('the terminal is as before when the command ends', async (t) => {
      const terminal = await openTerminal(t)
      await terminal.type('before=$(stty -a)')
      await terminal.press('Enter')
      await terminal.type(`${command()} run -it --rm busybox true; [ "$(stty -a)" = "$before" ] && echo same`)
      await terminal.press('Enter')
      // The prompt may come behind what is typed ahead of it.
      await terminal.shows(/^(?:\$ )?same/m)
    })
  })
}
