import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { parseGitUrl } from '@gantry/dockerfile'
import { fetchRepository, type RepositoryOptions } from './repository.ts'
import { type GitServer, gitIn, repositoryOf, serveGit } from './testing.ts'

suite('repositories', { concurrency: 1 }, () => {
  let top: string
  let server: GitServer
  let first: string

  before(async () => {
    top = await mkdtemp('/tmp/gantry-git-')
    const origin = join(top, 'served', 'a.git')
    await mkdir(join(origin, 'sub'), { recursive: true })
    await writeFile(join(origin, 'f'), 'first\n')
    await repositoryOf(origin)
    first = await gitIn(origin, 'rev-parse', 'HEAD')
    await gitIn(origin, 'tag', 'v1')
    await writeFile(join(origin, 'f'), 'second\n')
    await writeFile(join(origin, 'sub', 'g'), 'g\n')
    await gitIn(origin, 'add', '.')
    await gitIn(origin, 'commit', '-qm', '2')
    await gitIn(origin, 'checkout', '-qb', 'other')
    await writeFile(join(origin, 'f'), 'other\n')
    await gitIn(origin, 'commit', '-qam', '3')
    await gitIn(origin, 'checkout', '-q', 'main')
    server = await serveGit(join(top, 'served'))
  })
  after(async () => {
    await server[Symbol.asyncDispose]()
    await rm(top, { recursive: true, force: true })
  })

  const directory = (): string => join(top, 'work')
  const fetchTree = async (text: string, options: Partial<RepositoryOptions> = {}): Promise<string> => {
    const { root } = await fetchRepository(parseGitUrl(text), {
      directory: directory(),
      keepGitDir: false,
      signal: new AbortController().signal,
      ...options,
    })
    return root
  }

  /** Of the names, modes and contents of all files in a directory. */
  const treeDigest = async (path: string): Promise<string> => {
    const hash = createHash('sha256')
    const entries = await readdir(path, { recursive: true, withFileTypes: true })
    const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort()
    for (const each of paths) {
      const { mode } = await stat(each)
      hash.update(`${each.slice(path.length)} ${mode}\n`)
      if ((mode & 0o170000) === 0o100000) hash.update(await readFile(each))
    }
    return hash.digest('hex')
  }

  for (const [suffix, expected] of [
    ['', 'second\n'],
    ['#other', 'other\n'],
    ['#v1', 'first\n'],
    ['?branch=other', 'other\n'],
    ['?tag=v1', 'first\n'],
  ] as const)
    test(`what is at ${suffix || 'HEAD'}`, async () => {
      const root = await fetchTree(`${server.url}/a.git${suffix}`)
      assert.equal(await readFile(join(root, 'f'), 'utf8'), expected)
      assert.ok(!(await readdir(root)).includes('.git'))
    })

  test('a commit by its name, also one that is not the tip of anything, and by the first digits', async () => {
    for (const ref of [first, first.slice(0, 10)]) {
      const root = await fetchTree(`${server.url}/a.git#${ref}`)
      assert.equal(await readFile(join(root, 'f'), 'utf8'), 'first\n')
    }
  })

  test('the history is kept on demand, and holds no password', async () => {
    const address = `${server.url.replace('//', '//user:hidden@')}/a.git`
    const root = await fetchTree(address, { keepGitDir: true })
    assert.equal(await gitIn(root, 'status', '--porcelain'), '')
    assert.equal(await gitIn(root, 'config', 'remote.origin.url'), `${server.url}/a.git`)
    assert.equal(server.authorizations.at(-1), `basic ${Buffer.from('user:hidden').toString('base64')}`)
    await fetchTree(`${server.url}/a.git`, { token: 'tok' })
    assert.equal(
      server.authorizations.at(-1),
      `basic ${Buffer.from('x-access-token:tok').toString('base64')}`,
    )
  })

  test('a history that is kept is the same at each fetch, whatever else the server has and how it has packed it', async () => {
    const origin = join(top, 'served', 'twice.git')
    const inner = join(top, 'served', 'inner.git')
    await mkdir(origin)
    await mkdir(inner)
    for (const repository of [inner, origin]) {
      await writeFile(join(repository, 'f'), 'f\n'.repeat(1000))
      await repositoryOf(repository)
    }
    await gitIn(origin, 'submodule', '--quiet', 'add', `${server.url}/inner.git`, 'a/inner')
    await writeFile(join(origin, 'g'), 'f\n'.repeat(999))
    await gitIn(origin, 'add', '.')
    await gitIn(origin, 'commit', '-qm', '2')
    await gitIn(origin, 'tag', '-am', 'annotated', 'v2')
    const oldest = await gitIn(origin, 'rev-parse', 'HEAD^')
    const kinds = ['', '#main', '#v2', '#refs/tags/v2', `#${oldest}`, `#${oldest.slice(0, 10)}`]
    const fetchAll = async (): Promise<string[]> => {
      const digests: string[] = []
      for (const kind of kinds) {
        const root = await fetchTree(`${server.url}/twice.git${kind}`, { keepGitDir: true })
        digests.push(await treeDigest(join(root, '.git')))
        assert.equal(await gitIn(root, 'status', '--porcelain'), '')
        await gitIn(root, 'fsck', '--strict')
        const names = kind.includes('v2')
          ? 'refs/tags/v2'
          : kind.includes(oldest.slice(0, 5))
            ? ''
            : 'refs/heads/main'
        assert.equal(await gitIn(root, 'for-each-ref', '--format=%(refname)'), names, kind)
      }
      return digests
    }
    const before = await fetchAll()
    await gitIn(origin, 'branch', 'more')
    await gitIn(origin, 'tag', 'another', 'HEAD^')
    await gitIn(origin, 'repack', '-adfq', '--depth=50')
    for (const repository of [inner, origin]) {
      await gitIn(repository, 'checkout', '-qB', 'later')
      await gitIn(repository, 'commit', '-q', '--allow-empty', '-m', 'later')
      await gitIn(repository, 'checkout', '-q', 'main')
    }
    assert.deepEqual(await fetchAll(), before)
  })

  test('a checksum that does not match, a name that is not there, a server that is none: nothing is left', async () => {
    await rm(directory(), { recursive: true, force: true })
    await assert.rejects(
      fetchTree(`${server.url}/a.git?checksum=deadbeef`),
      /expected checksum to match deadbeef, got [0-9a-f]{40}/,
    )
    await assert.rejects(fetchTree(`${server.url}/a.git#nope`), /failed to fetch remote .*\/a\.git: .*nope/s)
    await assert.rejects(fetchTree(`${server.url}/none.git`), /not found/)
    assert.deepEqual(await readdir(directory()), [])
  })

  test('links stay links, and lead nowhere by themselves; local paths are no submodules', async () => {
    const hostile = join(top, 'served', 'hostile.git')
    await mkdir(hostile)
    await gitIn(hostile, 'init', '-q', '-b', 'main')
    await symlink('/etc/passwd', join(hostile, 'link'))
    await symlink('../../..', join(hostile, 'up'))
    await gitIn(hostile, 'add', '.')
    await gitIn(hostile, 'commit', '-qm', '1')
    const root = await fetchTree(`${server.url}/hostile.git`)
    assert.equal(await readlink(join(root, 'link')), '/etc/passwd')
    const inner = join(top, 'served', 'a.git')
    await gitIn(hostile, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner, 'inner')
    await gitIn(hostile, 'commit', '-qm', '2')
    await assert.rejects(fetchTree(`${server.url}/hostile.git`), /transport 'file' not allowed/)
    const without = await fetchTree(`${server.url}/hostile.git?submodules=0`)
    assert.deepEqual(await readdir(join(without, 'inner')), [])
    for (const protocol of ['ext::sh -c id', 'file:///etc'])
      assert.throws(() => parseGitUrl(protocol), /invalid git address/)
  })

  test('a name of a file that climbs out is refused by git', async () => {
    const climbing = join(top, 'served', 'climbing.git')
    await mkdir(climbing)
    await gitIn(climbing, 'init', '-q', '-b', 'main')
    await writeFile(join(climbing, 'x'), 'x')
    const blob = await gitIn(climbing, 'hash-object', '-w', 'x')
    // `..` as a name in a tree: no honest git writes that.
    const entry = Buffer.concat([Buffer.from('100644 ..\0'), Buffer.from(blob, 'hex')])
    await writeFile(join(top, 'tree'), entry)
    const tree = await gitIn(climbing, 'hash-object', '-t', 'tree', '-w', '--literally', join(top, 'tree'))
    const commit = await gitIn(climbing, 'commit-tree', '-m', '1', tree)
    await gitIn(climbing, 'update-ref', 'refs/heads/main', commit)
    await assert.rejects(fetchTree(`${server.url}/climbing.git`), /hasDotdot|contains '\.\.'|invalid/)
  })

  test('one that is too large, and one that never comes, are given up', async () => {
    const large = join(top, 'served', 'large.git')
    await mkdir(large)
    await gitIn(large, 'init', '-q', '-b', 'main')
    for (let number = 0; number < 20; number++)
      await writeFile(join(large, String(number)), crypto.getRandomValues(new Uint8Array(65_536)))
    await gitIn(large, 'add', '.')
    await gitIn(large, 'commit', '-qm', '1')
    await assert.rejects(
      fetchTree(`${server.url}/large.git`, { largest: 100_000 }),
      /larger than 100000 bytes/,
    )
    await using silent = await serveGit(top, { hang: true })
    const abort = new AbortController()
    const given = fetchTree(`${silent.url}/a.git`, { signal: abort.signal })
    setTimeout(() => abort.abort(new Error('given up')), 300)
    await assert.rejects(given, /given up/)
  })
})
