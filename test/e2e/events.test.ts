/** Events as Docker's CLI and the HTTP API tell them. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { after, before, suite, test } from 'node:test'
import { okBy } from './commands.ts'
import { startDaemon, type TestDaemon, until } from './harness.ts'

interface Message {
  Type: string
  Action: string
  Actor: { ID: string; Attributes: Record<string, string> }
  scope: string
  time: number
  timeNano: number
  status?: string
  id?: string
  from?: string
}

suite('events', { concurrency: 1 }, () => {
  let daemon: TestDaemon
  const cleanUp: (() => unknown)[] = []

  const ok = okBy((args) => daemon.docker(args))

  /** Everything that happens from now on to what carries this name, when asked for. */
  function recorder() {
    const since = (Date.now() / 1000).toFixed(3)
    return async (...filters: string[]): Promise<Message[]> => {
      const now = (Date.now() / 1000 + 0.001).toFixed(3)
      const flags = filters.flatMap((filter) => ['--filter', filter])
      const text = await ok('events', '--since', since, '--until', now, '--format', 'json', ...flags)
      return text === '' ? [] : text.split('\n').map((line) => JSON.parse(line) as Message)
    }
  }

  const actions = (messages: Message[]) => messages.map(({ Type, Action }) => `${Type} ${Action}`.trim())

  after(async () => {
    for (const hook of cleanUp) await hook()
  })

  before(async () => {
    daemon = await startDaemon({ after: (hook) => cleanUp.push(hook as () => void) })
  })

  test('an image that is saved and loaded', async () => {
    const archive = `${daemon.root}/saved.tar`
    await ok('tag', 'busybox', 'saved:1')
    const recorded = recorder()
    await ok('save', '-o', archive, 'saved:1')
    await ok('rmi', 'saved:1')
    await ok('load', '-q', '-i', archive)
    assert.deepEqual(actions(await recorded('type=image')), ['image save', 'image untag', 'image load'])
    await ok('rmi', 'saved:1')
  })

  test('the life of a container, with its volume and network', async () => {
    const recorded = recorder()
    const id = await ok(
      'run',
      '-d',
      '--name',
      'life',
      '--label',
      'k=v',
      '-v',
      'ev:/v',
      'busybox',
      'sleep',
      '600',
    )
    await ok('exec', 'life', 'true')
    await ok('pause', 'life')
    await ok('unpause', 'life')
    await ok('rename', 'life', 'renamed')
    await ok('stop', '-t', '0', 'renamed')
    await ok('rm', 'renamed')
    await ok('volume', 'rm', 'ev')
    const messages = await until('the end', async () => {
      const all = await recorded()
      return all.some(({ Type, Action }) => Type === 'volume' && Action === 'destroy') ? all : null
    })
    const ordered = actions(messages).filter((action) => !action.startsWith('image'))
    const first = ['volume create', 'container create', 'network connect', 'volume mount', 'container start']
    assert.deepEqual(ordered.slice(0, 5), first)
    assert.deepEqual(ordered.slice(5, 11), [
      'container exec_create: true',
      'container exec_start: true',
      'container exec_die',
      'container pause',
      'container unpause',
      'container rename',
    ])
    for (const action of [
      'container kill',
      'container die',
      'network disconnect',
      'volume unmount',
      'container stop',
    ])
      assert.ok(ordered.slice(11).includes(action), action)
    assert.deepEqual(ordered.slice(-2), ['container destroy', 'volume destroy'])

    const find = (action: string) => messages.find(({ Type, Action }) => `${Type} ${Action}` === action)
    assert.deepEqual(find('volume mount')?.Actor, {
      ID: 'ev',
      Attributes: {
        container: id,
        destination: '/v',
        driver: 'local',
        propagation: '',
        'read/write': 'true',
      },
    })
    assert.deepEqual(find('network connect')?.Actor.Attributes, {
      container: id,
      name: 'bridge',
      type: 'bridge',
    })
    const created = find('container create')
    assert.deepEqual(created?.Actor, { ID: id, Attributes: { image: 'busybox', k: 'v', name: 'life' } })
    assert.deepEqual([created?.status, created?.id, created?.from], ['create', id, 'busybox'])
    assert.equal(find('container rename')?.Actor.Attributes.oldName, '/life')
  })

  test('times are unique and in order', async () => {
    const recorded = recorder()
    await Promise.all(['a', 'b', 'c'].map((name) => ok('network', 'create', `order-${name}`)))
    await ok('network', 'rm', 'order-a', 'order-b', 'order-c')
    const text = await ok(
      'events',
      '--since',
      '0',
      '--until',
      `${Math.ceil(Date.now() / 1000)}`,
      '--format',
      '{{.TimeNano}}',
    )
    const times = text.split('\n').map(BigInt)
    for (const [index, time] of times.slice(1).entries()) assert.ok(time > (times[index] ?? 0n))
    assert.equal((await recorded('type=network')).length, 6)
  })

  test('filters by type, action, object, label and image', async () => {
    const recorded = recorder()
    await ok('run', '--rm', '--name', 'filtered', '--label', 'tier=x', 'busybox', 'true')
    await until('the end', async () => (await recorded('container=filtered', 'event=destroy')).length === 1)
    assert.deepEqual(actions(await recorded('event=die')), ['container die'])
    assert.deepEqual(actions(await recorded('type=network')), ['network connect', 'network disconnect'])
    assert.deepEqual(actions(await recorded('container=filtered', 'event=start', 'event=create')), [
      'container create',
      'container start',
    ])
    assert.ok((await recorded('label=tier=x')).every(({ Type }) => Type === 'container'))
    assert.equal((await recorded('label=tier=y')).length, 0)
    const ofImage = actions(await recorded('image=busybox'))
    for (const action of ['create', 'attach', 'start', 'die', 'destroy'])
      assert.ok(ofImage.includes(`container ${action}`), action)
    assert.equal((await recorded('type=network', 'network=bridge')).length, 2)
  })

  test('die tells the exit code, kill the signal', async () => {
    const recorded = recorder()
    await ok('run', '-d', '--name', 'killed', 'busybox', 'sleep', '600')
    await ok('kill', '-s', 'KILL', 'killed')
    await ok('wait', 'killed')
    const [died] = await until('the end', async () => {
      const found = await recorded('event=die', 'container=killed')
      return found.length > 0 ? found : null
    })
    assert.equal(died?.Actor.Attributes.exitCode, '137')
    const [killed] = await recorded('event=kill', 'container=killed')
    assert.equal(killed?.Actor.Attributes.signal, '9')
    await ok('rm', 'killed')
  })

  test('a listener hears at once of what happens, and only of that', async (t) => {
    const now = Math.ceil(Date.now() / 1000)
    const format = ['--filter', 'type=volume', '--format', '{{.Action}} {{.Actor.ID}}']
    const listener = spawn('docker', ['-H', daemon.host, 'events', '--since', `${now}`, ...format])
    t.after(() => listener.kill('SIGKILL'))
    let heard = ''
    listener.stdout.on('data', (text) => {
      heard += text
    })
    await until(
      'the listener',
      async () => JSON.parse(await ok('info', '--format', '{{json .NEventsListener}}')) > 0,
    )
    await until('the first moment it asked for', () => Date.now() > now * 1000)
    await ok('volume', 'create', 'heard')
    await ok('volume', 'rm', 'heard')
    await until('both', () => heard === 'create heard\ndestroy heard\n')
  })

  test('the tail survives a crash of the daemon', async () => {
    const recorded = recorder()
    await ok('volume', 'create', 'remembered')
    await daemon.kill9()
    await daemon.start()
    assert.deepEqual(actions(await recorded('type=volume', 'volume=remembered')), ['volume create'])
    await ok('volume', 'rm', 'remembered')
  })

  test('the API: legacy fields until 1.51, none after', async () => {
    const recorded = recorder()
    await ok('run', '--rm', '--name', 'legacy', 'busybox', 'true')
    await until('the end', async () => (await recorded('container=legacy', 'event=destroy')).length === 1)
    const now = Math.ceil(Date.now() / 1000)
    const query = `since=0&until=${now}&filters=${encodeURIComponent('{"event":["die"],"container":["legacy"]}')}`
    const older = (await daemon.api('GET', `/v1.41/events?${query}`)).body as Message
    assert.deepEqual([older.status, older.from], ['die', 'busybox'])
    const newer = (await daemon.api('GET', `/v1.52/events?${query}`)).body as Message
    assert.equal(newer.status, undefined)
    const { status, body } = await daemon.api('GET', '/v1.41/events?since=20&until=10')
    assert.equal(status, 400)
    assert.match(JSON.stringify(body), /cannot be after/)
  })
})
