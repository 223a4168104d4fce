import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applyChanges } from './changes.ts'

const cases: [change: string, config: object][] = [
  ['CMD ["cat","/x"]', { Cmd: ['cat', '/x'] }],
  ['CMD echo hi', { Cmd: ['/bin/sh', '-c', 'echo hi'] }],
  ['entrypoint ["/e"]', { Entrypoint: ['/e'] }],
  ['ENV A=b C="d e" F=\'g h\'', { Env: ['A=b', 'C=d e', 'F=g h'] }],
  ['ENV A b c', { Env: ['A=b c'] }],
  ['LABEL a.b="c" d=e', { Labels: { 'a.b': 'c', d: 'e' } }],
  [
    'EXPOSE 80 53/UDP 8000-8001',
    { ExposedPorts: { '80/tcp': {}, '53/udp': {}, '8000/tcp': {}, '8001/tcp': {} } },
  ],
  ['VOLUME ["/a b"]', { Volumes: { '/a b': {} } }],
  ['VOLUME /a /b', { Volumes: { '/a': {}, '/b': {} } }],
  ['WORKDIR srv', { WorkingDir: '/srv' }],
  ['USER 1:2', { User: '1:2' }],
  ['STOPSIGNAL SIGINT', { StopSignal: 'SIGINT' }],
  ['ONBUILD RUN x', { OnBuild: ['RUN x'] }],
  ['HEALTHCHECK NONE', { Healthcheck: { Test: ['NONE'] } }],
  [
    'HEALTHCHECK --interval=1m30s --retries=3 CMD ["a"]',
    { Healthcheck: { Test: ['CMD', 'a'], Interval: 90e9, Retries: 3 } },
  ],
  ['HEALTHCHECK CMD a b', { Healthcheck: { Test: ['CMD-SHELL', 'a b'] } }],
]
for (const [change, config] of cases) {
  test(`change ${change}`, () => assert.deepEqual(applyChanges({}, [change]), config))
}

test('a later ENV replaces an earlier one where it stands', () => {
  assert.deepEqual(applyChanges({}, ['ENV A=1', 'ENV B=2', 'ENV A=3']).Env, ['A=3', 'B=2'])
})

test('what is no change is refused', () => {
  const wrong = [
    'RUN x',
    'ENV',
    'ENV A',
    'ENV =b',
    'EXPOSE 0',
    'EXPOSE 70000',
    'EXPOSE a',
    'HEALTHCHECK x',
    'USER',
  ]
  for (const change of wrong) {
    assert.throws(() => applyChanges({}, [change]), { kind: 'InvalidParameter' }, change)
  }
  assert.throws(() => applyChanges({}, ['RUN x']), { message: 'run is not a valid change command' })
})

test('changes are one text: a line may be continued, comments and empty changes between others do not count', () => {
  assert.deepEqual(applyChanges({}, ['ENV A=1 \\\n  B=2', '', '# note', 'CMD a']), {
    Env: ['A=1', 'B=2'],
    Cmd: ['/bin/sh', '-c', 'a'],
  })
})

test('no changes are none; an empty change is no Dockerfile', () => {
  assert.deepEqual(applyChanges({ User: 'u' }, []), { User: 'u' })
  for (const change of ['', ' ', '\n\n', '# note'])
    assert.throws(() => applyChanges({}, [change]), {
      kind: 'InvalidParameter',
      message: 'file with no instructions',
    })
})
