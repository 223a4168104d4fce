/** The Dockerfiles of tutorials, built by Docker's engine (where it is installed) and by Gantry: the same images. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { after, before, suite, test } from 'node:test'
import { entryHeader, readTar, writeTar } from '@gantry/oci'
import Docker from 'dockerode'
import { type Engine, startEngine } from '../../bench/engines.ts'
import { importBusybox } from '../golden/engine-state.ts'
import { writeFiles } from './contexts.ts'
import { debianBase } from './debian-base.ts'
import { run, suiteDaemon, until } from './harness.ts'

interface Tutorial {
  name: string
  dockerfile: string
  files?: Record<string, string>
  args?: string[]
  /** Built before it, under this name. */
  base?: { tag: string; dockerfile: string }
}

const tutorials: Tutorial[] = [
  {
    name: 'an echo server',
    dockerfile: [
      'FROM busybox',
      'MAINTAINER someone@example.com',
      'RUN mkdir -p /srv/echo && echo "#!/bin/sh" > /srv/echo/run && echo "exec nc -lk -p 7 -e cat" >> /srv/echo/run',
      'RUN chmod 0755 /srv/echo/run',
      'EXPOSE 7 7/udp',
      'ENTRYPOINT ["/srv/echo/run"]',
    ].join('\n'),
  },
  {
    name: 'volumes',
    dockerfile: [
      'FROM busybox',
      'RUN mkdir /data && echo first > /data/first && chown 5:6 /data/first && chmod 0640 /data/first',
      'VOLUME /data /more',
      'VOLUME ["/one", "/two"]',
      'CMD ls -l /data',
    ].join('\n'),
  },
  {
    name: 'stages',
    dockerfile: [
      'ARG TAG=latest',
      'FROM busybox:$TAG AS build',
      'WORKDIR /src',
      'COPY . .',
      'RUN cat a.txt dir/b.txt > out && ln -s out link && chmod 4755 out',
      'FROM scratch AS unused',
      'COPY a.txt /',
      'FROM busybox',
      'COPY --from=build /src/out /src/link /bin/',
      'COPY --from=0 --chown=7:8 /src/dir /dir',
      'CMD ["/bin/out"]',
    ].join('\n'),
    files: {
      'a.txt': 'a\n',
      'dir/b.txt': 'b\n',
      'dir/c d.txt': 'c\n',
      'left.out': 'x',
      '.dockerignore': '*.out\n',
    },
  },
  {
    name: 'ONBUILD',
    base: {
      tag: 'onbuild',
      dockerfile:
        'FROM busybox\nONBUILD COPY a.txt /app/\nONBUILD RUN wc -c < /app/a.txt > /app/size\nONBUILD ENV FROM_BASE=1\n',
    },
    dockerfile: 'FROM onbuild\nRUN echo own > /app/own\n',
    files: { 'a.txt': 'four' },
  },
  {
    name: 'everything that is configured',
    dockerfile: [
      'FROM busybox',
      'ARG VERSION=1',
      'ARG NONE',
      `ENV A=$VERSION B="two words" C=\${NONE:-c}`,
      'ENV old form of it',
      'LABEL version=$VERSION description="a \\"quoted\\" text"',
      'WORKDIR /made',
      'WORKDIR below',
      'USER 12:34',
      'RUN echo $A$B > /tmp/ab 2>/dev/null || true; id -u',
      'USER root',
      'SHELL ["/bin/sh", "-e", "-c"]',
      'RUN echo shell > /shell',
      'STOPSIGNAL SIGINT',
      'HEALTHCHECK --interval=90s --timeout=2s --retries=5 CMD wget -q localhost',
      'EXPOSE 8000-8002 53/udp',
      'CMD echo $A',
      'ENTRYPOINT ["/bin/sh", "-c"]',
      'CMD ["echo last"]',
    ].join('\n'),
    args: ['--build-arg', 'VERSION=7', '--label', 'given=later'],
  },
  {
    name: 'files: removed, replaced, linked, of others, from an archive',
    dockerfile: [
      'FROM busybox',
      'RUN mkdir -p /d/e && echo 1 > /d/e/f && ln /d/e/f /d/hard && ln -s ../d /d/self && mkfifo /d/fifo',
      'RUN rm /d/e/f && rm -r /d/e && echo 2 > /d/e',
      'RUN chown -R 1000:1000 /d && chmod 1777 /d',
      'ADD inner.tar /unpacked/',
      'COPY a* /copies/',
      'COPY a.txt /renamed',
      'COPY --chown=9:10 a.txt /made/on/the/way/',
      'ADD --chown=9:10 ab /made/too/ab',
      'COPY --chown=11 a.txt /number/alone',
    ].join('\n'),
    files: { 'a.txt': 'a\n', ab: 'ab\n' },
  },
]

const echoServer: Tutorial = {
  name: 'an echo server on Debian',
  dockerfile: [
    'FROM debian',
    'LABEL maintainer="someone@example.com"',
    'RUN useradd --system --user-group --uid 900 --home-dir /srv/echo echo',
    'WORKDIR /srv/echo',
    'COPY --chown=echo:echo echo.pl ./',
    'RUN chmod 0750 echo.pl && chgrp mail . && chmod 2775 . && ln echo.pl linked',
    'RUN rm /etc/issue && rm -r /usr/share/perl5 && mkdir /usr/share/perl5 && cp -a /bin/su /srv/su',
    'USER echo',
    'VOLUME /srv/data',
    'EXPOSE 7777',
    'CMD ["perl", "/srv/echo/echo.pl"]',
  ].join('\n'),
  files: {
    'echo.pl': [
      'use IO::Socket::INET;',
      'my $server = IO::Socket::INET->new(LocalPort => 7777, Listen => 5, ReuseAddr => 1) or die $!;',
      'while (my $client = $server->accept) { print $client $_ while <$client>; close $client }',
    ].join('\n'),
  },
}

/** What the engine itself puts into a container. */
const engines = /^(\.dockerenv|dev|proc|sys|etc\/(hosts|hostname|resolv\.conf|mtab))(\/|$)/

const hasDocker = (await run('dockerd', ['--version'])).exitCode === 0

suite('tutorials, built by both engines', { concurrency: 1, skip: hasDocker ? false : 'no dockerd' }, () => {
  const daemon = suiteDaemon()
  let docker: Engine
  let top: string

  before(async () => {
    top = await mkdtemp('/tmp/gantry-e2e-tutorials-')
    docker = await startEngine('docker')
    await importBusybox(`${docker.root}/sock`)
  })
  after(async () => {
    await docker?.stop()
    await rm(top, { recursive: true, force: true })
  })

  for (const [index, tutorial] of tutorials.entries())
    test(tutorial.name, () => compare(String(index), tutorial))

  async function compare(name: string, tutorial: Tutorial): Promise<void> {
    const root = join(top, name)
    await writeContext(root, tutorial)
    const wanted = await built(`${docker.root}/sock`, root, tutorial)
    const got = await built(daemon().socket, root, tutorial)
    assert.deepEqual(got.files, wanted.files)
    assert.deepEqual(got.config, wanted.config)
    assert.deepEqual(got.history, wanted.history)
  }

  test(echoServer.name, { timeout: 900_000 }, async (t) => {
    const archive = join(top, 'debian.tar')
    const missing = await debianBase(archive)
    if (missing !== null) return t.skip(missing)
    for (const socket of [`${docker.root}/sock`, daemon().socket]) {
      const { exitCode, stderr } = await run(
        'docker',
        ['-H', `unix://${socket}`, 'import', archive, 'debian'],
        {
          timeout: 300_000,
        },
      )
      assert.equal(exitCode, 0, stderr)
    }
    await compare('debian', echoServer)
    const started = await daemon().gantry(['run', '-d', '--name', 'echo', 'tutorial'])
    assert.equal(started.exitCode, 0, started.stderr)
    const ask =
      'use IO::Socket::INET; my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1:7777", Timeout => 30) or exit 1; print $c "hello\\n"; print scalar <$c>'
    const answer = () => daemon().gantry(['exec', 'echo', 'perl', '-e', ask])
    await until('the echo', async () => (await answer()).stdout === 'hello\n')
  })
})

async function writeContext(root: string, { dockerfile, files = {}, base }: Tutorial): Promise<void> {
  await mkdir(root)
  const all = { Dockerfile: dockerfile, ...files, ...(base && { 'Base.out': base.dockerfile }) }
  await writeFiles(root, all)
  const entry = entryHeader({ name: 'from/archive', type: 'file', mode: 0o600, uid: 3, gid: 4, size: 3 })
  const archive = writeTar([{ header: entry, content: [Buffer.from('in\n')] }])
  await writeFile(join(root, 'inner.tar'), Buffer.concat(await Array.fromAsync(archive)))
}

/** Builds with Docker's classic command line, and describes the image. */
async function built(socket: string, root: string, { args = [], base }: Tutorial) {
  const build = async (...words: string[]): Promise<void> => {
    const { exitCode, stdout, stderr } = await run(
      'docker',
      ['-H', `unix://${socket}`, 'build', '--network=none', ...words, root],
      { env: { ...process.env, DOCKER_BUILDKIT: '0' } },
    )
    assert.equal(exitCode, 0, `${stdout}\n${stderr}`)
  }
  if (base) await build('-t', base.tag, '-f', join(root, 'Base.out'))
  await build('-t', 'tutorial', ...args)
  const dockerode = new Docker({ socketPath: socket })
  const { Config } = await dockerode.getImage('tutorial').inspect()
  const history = (await dockerode.getImage('tutorial').history()) as { CreatedBy: string; Size: number }[]
  const container = await dockerode.createContainer({ Image: 'tutorial', Cmd: ['x'] })
  try {
    return {
      files: await described((await container.export()) as Readable),
      config: configuration(Config as unknown as Record<string, unknown>),
      // Docker writes a digest of the context's archive where Gantry names the sources.
      history: history.map(({ CreatedBy, Size }) => [
        CreatedBy.replace(/(COPY|ADD) \S.* in /, '$1 … in '),
        Size,
      ]),
    }
  } finally {
    await container.remove({ force: true, v: true })
  }
}

/** One line a file: kind, mode, owner, link, content. */
async function described(archive: Readable): Promise<string[]> {
  const lines: string[] = []
  for await (const entry of readTar(archive as AsyncIterable<Buffer>)) {
    const { name, type, mode, uid, gid, size, linkName } = entry.header
    const path = name.replace(/^\.?\/+|\/+$/g, '')
    const hash = createHash('sha256')
    for await (const { data } of entry.pieces()) hash.update(data)
    if (path === '' || engines.test(path)) continue
    const content = type === 'file' ? `${size} ${hash.digest('hex').slice(0, 12)}` : ''
    lines.push([path, type, mode.toString(8), `${uid}:${gid}`, linkName, content].join(' '))
  }
  return lines.sort()
}

const compared = [
  ...['Env', 'Cmd', 'Entrypoint', 'User', 'WorkingDir', 'ExposedPorts', 'Volumes', 'Labels'],
  ...['OnBuild', 'StopSignal', 'Healthcheck', 'Shell'],
]

/** Nothing, an empty text and an empty list are one. */
function configuration(config: Record<string, unknown>): Record<string, unknown> {
  const isSaid = (value: unknown): boolean =>
    value !== null && value !== undefined && value !== '' && Object.keys(Object(value)).length > 0
  return Object.fromEntries(compared.map((name) => [name, isSaid(config[name]) ? config[name] : null]))
}
