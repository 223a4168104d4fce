import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { repositoryOf } from './repository.ts'

const [first, second] = ['a'.repeat(40), 'b'.repeat(40)]

function tree(t: TestContext, files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'gantry-repository-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
  return root
}

const config = [
  '[core]\n\tbare = false',
  '[remote "origin"]\n\turl = https://me:secret@example.org/a.git\n\tfetch = +refs/heads/*:refs/remotes/origin/*',
  '[remote "mine"]\n\turl = git@example.org:mine.git',
  '[branch "work"]\n\tremote = mine',
].join('\n')

test('a repository tells its commit, where it came from, and where in it a context is', (t) => {
  const root = tree(t, {
    '.git/HEAD': 'ref: refs/heads/main\n',
    '.git/refs/heads/main': `${first}\n`,
    '.git/config': config,
    'app/deploy/Dockerfile': '',
  })
  assert.deepEqual(repositoryOf(join(root, 'app'), 'deploy/Dockerfile', {}), {
    revision: first,
    source: 'https://example.org/a.git',
    'localdir:context': 'app',
    'localdir:dockerfile': 'app/deploy',
  })
  const elsewhere = repositoryOf(root, join(root, '..', 'Dockerfile'), {})
  assert.deepEqual([elsewhere['localdir:context'], elsewhere['localdir:dockerfile']], ['.', undefined])
  assert.deepEqual(repositoryOf(join(root, 'app'), 'Dockerfile', { BUILDX_GIT_INFO: 'false' }), {})
})

test('branches of other remotes, packed branches, other work trees, single commits', (t) => {
  const root = tree(t, {
    'main/.git/HEAD': 'ref: refs/heads/work\n',
    'main/.git/packed-refs': `# pack-refs with: peeled\n${second} refs/heads/work\n^${first}\n`,
    'main/.git/config': config,
    'main/.git/worktrees/other/HEAD': `${first}\n`,
    'main/.git/worktrees/other/commondir': '../..\n',
    'other/.git': 'gitdir: ../main/.git/worktrees/other\n',
  })
  const told = (name: string): unknown => {
    const { revision, source } = repositoryOf(join(root, name), 'Dockerfile', {})
    return [revision, source]
  }
  assert.deepEqual(told('main'), [second, 'git@example.org:mine.git'])
  assert.deepEqual(told('other'), [first, 'https://example.org/a.git'])
})

test('no repository, an empty one, a broken one', (t) => {
  const root = tree(t, {
    'none/f': '',
    'empty/.git/HEAD': 'ref: refs/heads/main\n',
    'broken/.git': 'nothing',
  })
  const only = { 'localdir:context': '.', 'localdir:dockerfile': '.' }
  assert.deepEqual(repositoryOf(join(root, 'empty'), 'Dockerfile', {}), only)
  assert.deepEqual(repositoryOf(join(root, 'broken'), 'Dockerfile', {}), only)
  // Unless the directory of temporary files is in one.
  assert.equal(repositoryOf(join(root, 'none'), 'Dockerfile', {}).revision, undefined)
})
