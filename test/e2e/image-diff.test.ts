/** `gantry image diff` and `gantry image explore`, through the command and the API. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import type { ImageDifference } from '@gantry/api'
import { gantryBinary, suiteDaemon } from './harness.ts'
import { changedRootfs } from './images.ts'
import { openTerminal } from './terminal.ts'

suite('image diff', () => {
  const daemon = suiteDaemon({ busybox: true })

  const ok = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await daemon().gantry(args)
    assert.equal(exitCode, 0, stderr)
    return stdout
  }

  test('between an image and one that was committed from it', async () => {
    await ok(
      'run',
      '--name',
      'changes',
      'busybox',
      'sh',
      '-c',
      'echo hello > /fresh; rm /etc/passwd; chmod 700 /home',
    )
    await ok('commit', 'changes', 'changed:1')
    await ok('rm', 'changes')
    const layers = (
      JSON.parse(await ok('image', 'inspect', 'changed:1')) as { RootFS: { Layers: string[] } }[]
    )[0]?.RootFS.Layers as string[]
    const [base, top] = layers.map((layer) => layer.replace('sha256:', ''))
    const found = (await ok('image', 'diff', '--format', 'json', 'busybox', 'changed:1'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as ImageDifference)
    assert.deepEqual(
      found.map(({ kind, path, layer }) => [kind, path, layer.replace('sha256:', '')]),
      [
        ['removed', '/etc/passwd', base],
        ['added', '/fresh', top],
        ['changed', '/home', top],
      ],
    )
    const text = await ok('image', 'diff', 'busybox', 'changed:1')
    assert.match(text, new RegExp(`^A ${top?.slice(0, 12)} {7}6B /fresh$`, 'm'))
    assert.match(text, /^1 added \(6B\), 1 changed \(0B\), 1 removed \(\d+B\)$/m)
    assert.match(await ok('image', 'diff', 'changed:1', 'busybox'), /^D \S+ +6B \/fresh$/m)
    assert.equal(
      await ok('image', 'diff', 'busybox', 'busybox'),
      '0 added (0B), 0 changed (0B), 0 removed (0B)\n',
    )
  })

  test('images without a layer in common, and what is refused', async () => {
    const file = `${daemon().root}/other.tar`
    await writeFile(
      file,
      await changedRootfs((rootfs) => writeFile(`${rootfs}/control\u0007\u009bname`, 'x')),
    )
    await ok('import', file, 'other:1')
    assert.match(await ok('image', 'diff', 'busybox', 'other:1'), /^A \S+ +1B \/control\\u0007\\u009bname$/m)
    const missing = await daemon().gantry(['image', 'diff', 'busybox', 'nothere'])
    assert.deepEqual(
      [missing.exitCode, missing.stderr],
      [1, 'Error response from daemon: No such image: nothere:latest\n'],
    )
    const { status } = await daemon().api('GET', '/images/busybox/diff')
    assert.equal(status, 400)
  })

  test('explore: a report, an object, and a view on a terminal', async (t) => {
    const text = await ok('image', 'explore', 'changed:1')
    assert.match(text, /\n {4}1 added, 1 changed, 1 removed, hides \d+B\n/)
    assert.match(text, /^ +\d+B 1x \/etc\/passwd$/m)
    const { layers, wastedFiles } = JSON.parse(await ok('image', 'explore', '--format', 'json', 'changed:1'))
    assert.deepEqual([layers.length, layers[1].added, wastedFiles[0].path], [2, 1, '/etc/passwd'])
    const terminal = await openTerminal(t, { columns: 100, rows: 20 })
    await terminal.type(`${gantryBinary} -H ${daemon().host} image explore changed:1`)
    await terminal.press('Enter')
    await terminal.shows(/^2 layers, .* wasted /)
    await terminal.press('Down', 'a', '+')
    await terminal.shows(/│ A -rw-r--r-- +0:0 +6B +fresh/)
    await terminal.shows(/│ D .* passwd/)
    await terminal.press('q')
    await terminal.shows(/^\$ .*image explore changed:1/)
    const missing = await daemon().gantry(['image', 'explore', 'nothere'])
    assert.deepEqual(
      [missing.exitCode, missing.stderr],
      [1, 'Error response from daemon: No such image: nothere:latest\n'],
    )
    assert.equal((await daemon().api('GET', '/images/changed:1/layers?platform=nonsense')).status, 400)
  })
})
